// The live page: takes events, shows what they say, and says so when none come.

import { drawCircle } from "/static/live-circle.js";
import { sendFormsBy } from "/static/live-commands.js";
import { Link } from "/static/live-link.js";
import { drawStrip, missedOf } from "/static/live-strip.js";
import { TraceView } from "/static/live-trace.js";

const UNITS = { walk: "steps/min", tap: "beats/min", breathe: "breaths/min" };
const MOST_HAPPENED = 30;
const ANSWER_MS = { good: 5000, bad: 20000 };

const live = document.getElementById("live");
const trace = new TraceView(document.getElementById("trace"));
let state = null;
let progress = null;
let answerTimer = 0;

// --- small helpers ------------------------------------------------------------------------

function text(name, words) {
  for (const place of live.querySelectorAll(`[data-text="${name}"]`)) {
    if (place.textContent !== words) place.textContent = words;
  }
}

function figure(name, words) {
  live.querySelector(`[data-figure="${name}"]`).textContent = words;
}

function show(name, isShown) {
  for (const place of live.querySelectorAll(`[data-shown="${name}"]`)) place.hidden = !isShown;
}

function say(sentence, isBad) {
  const place = document.getElementById("answer");
  place.textContent = sentence;
  place.className = isBad ? "say bad" : "say good";
  place.hidden = false;
  clearTimeout(answerTimer);
  answerTimer = setTimeout(() => (place.hidden = true), ANSWER_MS[isBad ? "bad" : "good"]);
  if (isBad) happened(sentence); // to be read again, in one's own time
}

function happened(sentence) {
  const item = document.createElement("li");
  const when = document.createElement("time");
  when.textContent = new Date().toLocaleTimeString();
  item.append(when, sentence);
  const list = document.getElementById("happened");
  list.prepend(item);
  while (list.children.length > MOST_HAPPENED) list.lastElementChild.remove();
}

function number(value, decimals, none = "–") {
  return value === null ? none : value.toFixed(decimals).replace("-", "−");
}

function signed(value) {
  if (value === null) return "–";
  return `${value < 0 ? "" : "+"}${number(value, 0)}`;
}

function minutes(seconds_s) {
  const whole_s = Math.round(seconds_s);
  return `${Math.floor(whole_s / 60)}:${String(whole_s % 60).padStart(2, "0")}`;
}

function unit() {
  return UNITS[state?.exercise] ?? "per min";
}

// --- what comes in ------------------------------------------------------------------------

const takers = {
  engine({ connected }) {
    text("engine", connected ? "there" : "away");
    if (!connected) {
      state = null;
      live.dataset.mode = "away";
    }
    document.dispatchEvent(new Event("device-changed"));
  },

  state(fields) {
    const before = state;
    state = fields;
    live.dataset.mode = fields.doing;
    const isUnderWay = fields.doing !== "waiting";
    const name = fields.exercise ?? "exercise";
    const title = isUnderWay ? `${name[0].toUpperCase()}${name.slice(1)}, ${fields.patient_code}` : "Live";
    text("title", title);
    document.title = `${title}: Andante`;
    show("simulated", isUnderWay && fields.simulated_patient);
    for (const place of live.querySelectorAll('[data-unit="tempo"], [data-unit="own"]')) place.textContent = unit();
    if (!isUnderWay || before?.doing === "waiting") forgetSession();
    if (fields.doing === "starting") text("stage", "getting ready");
    showFacts();
    document.dispatchEvent(new Event("device-changed"));
  },

  started() {
    text("decision", "");
    happened("The session has begun.");
  },

  progress(fields) {
    progress = fields;
    delete live.dataset.old;
    live.toggleAttribute("data-paused", fields.paused);
    text("stage", fields.paused ? "paused" : fields.stage);
    figure("left", minutes(fields.left_s));
    figure("tempo", number(fields.tempo_per_minute, 1, "no cues"));
    figure("own", number(fields.own_per_minute, 1));
    figure("last", signed(fields.last_asynchrony_ms));
    figure("length", number(fields.vector_length, 2));
    showRange(fields);
    showPictures(fields);
    showFacts();
  },

  tempo({ tempo_per_minute, reason }) {
    const tempo = tempo_per_minute === null ? "No cues" : `${number(tempo_per_minute, 1)} ${unit()}`;
    const sentence = `${tempo}: ${reason}.`;
    text("decision", sentence);
    happened(sentence);
  },

  // Who gave the command has been answered; here others see what was not carried out.
  done({ command, refusal }) {
    if (refusal && command.source !== "page") happened(`By the ${command.source}: ${refusal}`);
  },

  notice(fields) {
    happened(fields.text);
  },

  ended({ path, end_reason }) {
    const file = path?.split("/").at(-1);
    show("ended", true);
    show("idle", false);
    text("ended-reason", end_reason.replace(/\.$/, ""));
    const link = live.querySelector("[data-ended-link]"); // for those who may read sessions
    if (link) link.href = file ? `/sessions/${encodeURIComponent(file)}` : "/sessions";
    if (progress) happened(`The session is over: ${end_reason.replace(/\.$/, "")}.`);
  },

  holder(fields) {
    const { held, mine, may_take_over, name, role, reason, asked_by } = fields;
    const words = mine ? `You have it: ${reason}.` : `${name}, ${role}, has it: ${reason}.`;
    text("holder", held ? words : "Nobody: it is free.");
    show("mine", held && mine);
    show("others", held && !mine);
    show("takes-over", held && !mine && may_take_over);
    show("free", !held && live.dataset.mode !== "away");
    show("asked", held && mine && asked_by !== null);
    text("asked-by", asked_by ?? "");
  },

  time() {},
};

function forgetSession() {
  progress = null;
  trace.clear();
  live.removeAttribute("data-paused");
  if (state.doing !== "waiting") {
    show("ended", false);
    show("idle", true);
  }
}

function showRange({ tempo_low_per_minute: low, tempo_high_per_minute: high }) {
  const words =
    low === null
      ? "There is no tempo to change at the moment."
      : `The limits allow ${number(low, 1)} to ${number(high, 1)} ${unit()}.`;
  text("range", words);
}

function showPictures(fields) {
  const hasBeats = fields.cues.at_s.length > 0;
  const isBreathing = state?.exercise === "breathe" || fields.breaths.at_s.length > 0;
  show("beats", hasBeats);
  if (hasBeats) {
    const { missed, closed } = missedOf(fields.cues);
    figure("missed", closed ? `${missed} of ${closed}` : "–");
    drawStrip(document.getElementById("strip"), fields.cues, fields.at_s);
    const mean = drawCircle(document.getElementById("circle"), fields.cues);
    text(
      "circle-words",
      mean ? `the last ${mean.count} responses, vector length ${number(mean.length, 2)}` : "no responses yet",
    );
  } else {
    figure("missed", "–");
  }
  trace.take(fields);
  show("trace", trace.names.length > 0 || isBreathing);
  text("trace-title", isBreathing ? "Breath and pacer" : "Force");
  text("trace-words", traceWords(isBreathing));
  trace.draw(fields.at_s, isBreathing);
}

function traceWords(isBreathing) {
  if (isBreathing) return "the belt thin, the pacer before and after now thick; raw counts, each to its own range";
  const [first, second] = trace.names;
  return second ? `${first} a full line, ${second} broken; raw counts` : "raw counts";
}

function showFacts() {
  const list = live.querySelector("[data-facts]");
  const rows = [["Engine", state ? "there" : "away", false]];
  const facts = state?.facts;
  const troubles = { ...(progress?.troubles ?? {}) };
  const parts = facts ? [["board", facts.board], ...Object.entries(facts.outputs)] : [];
  for (const [name, device] of parts) {
    const simulated = facts.simulated_parts.includes(name) ? " (simulated)" : "";
    rows.push([name, troubles[name] ?? `${device}${simulated}`, name in troubles]);
    delete troubles[name];
  }
  for (const [name, trouble] of Object.entries(troubles)) rows.push([name, trouble, true]);
  if (progress) rows.push(["Faults so far", String(progress.fault_count), false]);
  const wanted = JSON.stringify(rows);
  if (list.dataset.said === wanted) return;
  list.dataset.said = wanted;
  list.replaceChildren(
    ...rows.flatMap(([name, words, isBad]) => {
      const [term, description] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name[0].toUpperCase() + name.slice(1);
      description.textContent = isBad ? `Trouble: ${words}` : words;
      if (isBad) description.className = "trouble";
      return [term, description];
    }),
  );
}

// --- the link -----------------------------------------------------------------------------

const link = document.getElementById("link");

new Link({
  onEvent: (name, fields) => takers[name](fields),
  onLost(silent_ms) {
    live.dataset.old = "";
    const age_s = Math.round(silent_ms / 1000);
    link.textContent = `Connection lost, trying again. What this page shows is ${age_s} s old; the exercise goes on. To stop it now, use the button on the device.`;
    link.hidden = false;
  },
  onBack() {
    delete live.dataset.old;
    link.hidden = true;
  },
  onLoggedOut() {
    live.dataset.old = "";
    const again = document.createElement("a");
    again.href = "/login";
    again.textContent = "Log in again";
    link.replaceChildren("Your login has ended. An exercise goes on. ", again);
    link.hidden = false;
  },
});
sendFormsBy(say);

// The patient's tablet. Every button here is a form's and works without this script; it adds the
// picture, calm answers to trembling hands, and a word when the device cannot be reached.
import { Pacer } from "./exercise-pacer.js";
import { steady } from "./exercise-scales.js";

const LOOK_EVERY_MS = 4000;
const TRY_AGAIN_MS = 1000;
const QUIET_MS = 1500;

const main = document.querySelector("main.tablet");
const trouble = document.getElementById("trouble");

function tell(sentence) {
  trouble.textContent = sentence;
  trouble.hidden = sentence === "";
}

// What is due is decided by the server: when it is another screen, go there.
let leaving = false;
function goOn() {
  if (leaving) return;
  leaving = true;
  location.replace("/exercise");
}

async function look() {
  try {
    const answer = await fetch("/exercise/state", { headers: { accept: "application/json" } });
    if (!answer.ok) return goOn(); // the login has ended: the server leads on
    if ((await answer.json()).screen !== main.dataset.screen) return goOn();
    tell("");
  } catch {
    tell("This page cannot reach the device. To stop it, press the button on the device.");
  }
}

// A form that is sent once, however often it is pressed.
for (const form of document.querySelectorAll("[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (leaving) return event.preventDefault();
    leaving = true;
  });
}
// Coming back to a page that the browser has kept: its buttons work again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// Stop and "I feel dizzy": sent at once and again until the device has it.
async function end(form) {
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      redirect: "manual",
    });
    if (answer.type === "opaqueredirect" || answer.ok) return goOn();
    tell("This was not done. To stop, press the button on the device.");
  } catch {
    tell("This page cannot reach the device. To stop it, press the button on the device.");
    setTimeout(() => end(form), TRY_AGAIN_MS);
  }
}
for (const form of document.querySelectorAll("[data-end]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    end(form);
  });
}

for (const scale of document.querySelectorAll("[data-scale]")) steady(scale);

// Under way: the picture, and a screen that stays on.
const picture = document.querySelector("[data-picture]");
if (picture) {
  const pacer = new Pacer(picture);
  const events = new EventSource("/live/events");
  const hear = (name, act) => {
    events.addEventListener(name, (event) => {
      tell("");
      act(JSON.parse(event.data));
    });
  };
  let news_ms = -Infinity;
  hear("progress", (progress) => {
    news_ms = performance.now();
    pacer.take(progress, news_ms);
  });
  hear("ended", look);
  // Comes every second: with it and without progress, the session may be over.
  hear("time", () => performance.now() - news_ms > QUIET_MS && look());
  events.addEventListener("error", () => pacer.lose());
  const draw = (now_ms) => {
    pacer.draw(now_ms);
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);

  const stayAwake = () => navigator.wakeLock?.request("screen").catch(() => {});
  stayAwake();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") stayAwake();
  });
}
setInterval(look, LOOK_EVERY_MS);

// The picture that follows the device: a circle that fills and empties with the breath, or swells
// a little with the beat. It draws what the engine says it has handed to sound and light, at the
// time this screen's clock gives it; how late a screen is nobody knows, so it claims no timing.

const KEPT_S = 0.5; // a difference of clocks larger than this is a new session or a pause
const CLOCK_DRIFT_S = 0.0005; // how far the guess may fall back at each message
const SMALLEST = 26;
const LARGEST = 94;
const RESTING = 56;
const SWELL = 20;
const RISE_S = 0.12;
const LOST_MS = 2000; // without news for so long the picture stands still
// WCAG 2.3.1: no more than three a second, whatever the tempo; the lamp keeps to the same.
export const LEAST_APART_S = 0.34;

const SAYINGS = {
  inhale: "Breathe in",
  hold_in: "Hold",
  exhale: "Breathe out",
  hold_out: "Hold",
};

const smooth = (share) => 0.5 - 0.5 * Math.cos(Math.PI * Math.min(1, Math.max(0, share)));

// How full the breath is, 0 to 1: as the engine's own `breath_level`.
export function breathLevel(kind, share) {
  if (kind === "inhale") return smooth(share);
  if (kind === "exhale") return 1 - smooth(share);
  return kind === "hold_in" ? 1 : 0;
}

// The part of a breath at a moment of exercise time, or null; `breaths` are columns.
export function breathAt(breaths, at_s) {
  for (let i = breaths.at_s.length - 1; i >= 0; i -= 1) {
    const passed = (at_s - breaths.at_s[i]) / breaths.duration_s[i];
    if (passed < 0) continue;
    if (passed >= 1) return null;
    const begin = breaths.begin_share[i];
    return { kind: breaths.kind[i], share: begin + (1 - begin) * passed };
  }
  return null;
}

// How much the circle swells, 0 to 1, `age_s` after a beat: up gently, down before the next.
export function swell(age_s, interval_s) {
  if (age_s < 0) return 0;
  if (age_s < RISE_S) return smooth(age_s / RISE_S);
  return 1 - smooth((age_s - RISE_S) / Math.max(RISE_S, 0.7 * interval_s - RISE_S));
}

export class Pacer {
  constructor(picture) {
    this.body = picture.querySelector(".body");
    this.saying = picture.querySelector(".saying");
    this.left = picture.querySelector(".left");
    this.sayings = JSON.parse(picture.dataset.sayings);
    this.task = picture.dataset.task;
    // For a patient with epilepsy beats are without light on the device, and here too.
    this.calm = picture.dataset.calm === "yes";
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.progress = null;
    this.arrived_ms = 0;
    this.ahead_s = null; // exercise time minus this screen's clock
    this.shown_s = null; // the beat that the circle swells with
  }

  // News arrives late, never early: the least late of them tells the clocks' difference best.
  take(progress, arrived_ms) {
    const guess_s = progress.at_s - arrived_ms / 1000;
    const far = this.ahead_s === null || Math.abs(guess_s - this.ahead_s) > KEPT_S;
    this.ahead_s = far ? guess_s : Math.max(guess_s, this.ahead_s - CLOCK_DRIFT_S);
    if (far) this.shown_s = null;
    this.progress = progress;
    this.arrived_ms = arrived_ms;
    const minutes = Math.ceil(progress.left_s / 60);
    this.#say(this.left, minutes > 1 ? `About ${minutes} minutes left` : "Less than a minute left");
  }

  lose() {
    this.progress = null;
    this.#say(this.left, "No news from the device: the sound and the light go on.");
  }

  draw(now_ms) {
    if (this.progress === null || now_ms - this.arrived_ms > LOST_MS) return this.#rest(null);
    if (this.progress.paused) return this.#rest(this.#ofStage());
    const at_s = now_ms / 1000 + this.ahead_s;
    const part = breathAt(this.progress.breaths, at_s);
    if (part) return this.#breathe(part);
    const beat = this.calm || this.still.matches ? null : this.#beatAt(at_s);
    this.#rest(this.#ofStage());
    if (beat) this.#size(RESTING + SWELL * swell(at_s - beat.at_s, beat.interval_s));
  }

  #breathe({ kind, share }) {
    const level = breathLevel(kind, share);
    this.#say(this.saying, SAYINGS[kind]);
    if (this.still.matches) {
      // Without motion: the circle keeps its size and fades slowly in and out.
      this.#size(RESTING);
      this.body.setAttribute("fill-opacity", (0.3 + 0.7 * level).toFixed(3));
    } else {
      this.#size(SMALLEST + (LARGEST - SMALLEST) * level);
    }
  }

  // The newest beat that has begun and does not come too soon after the one shown before.
  #beatAt(at_s) {
    const { at_s: beats, interval_ms } = this.progress.cues;
    for (let i = 0; i < beats.length; i += 1) {
      if (beats[i] > at_s) break;
      if (this.shown_s === null || beats[i] - this.shown_s.at_s >= LEAST_APART_S) {
        this.shown_s = { at_s: beats[i], interval_s: interval_ms[i] / 1000 };
      }
    }
    return this.shown_s;
  }

  #rest(words) {
    this.#size(RESTING);
    this.#say(this.saying, words ?? this.task);
  }

  #ofStage() {
    return this.sayings[this.progress.stage] ?? this.task;
  }

  #size(radius) {
    this.body.setAttribute("r", radius.toFixed(1));
  }

  #say(place, words) {
    if (place.textContent !== words) place.textContent = words;
  }
}

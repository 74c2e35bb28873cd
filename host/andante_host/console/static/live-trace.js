// The sensors' raw signal as it comes, and for breathing the pacer's curve with it.

import { label, line, points, widthOf } from "/static/live-svg.js";

const HEIGHT = 200;
const TOP = 12;
const BOTTOM = 26;
const SHOWN_S = { beats: 8, breath: 24 };
const AHEAD_S = { beats: 0, breath: 4 };
const STEP_S = 0.1;
const CLASSES = ["response", "response second"];

export class TraceView {
  constructor(svg) {
    this.svg = svg;
    this.clear();
  }

  clear() {
    this.channels = new Map(); // name: [[time_s, counts], ...] in order of time
    this.breaths = new Map(); // a part's beginning: its part
    this.svg.replaceChildren();
  }

  // Each event repeats the last two seconds, so that one that was missed leaves no hole.
  take(progress) {
    const kept_s = progress.at_s - SHOWN_S.breath - 1;
    for (const trace of progress.traces) {
      const samples = this.channels.get(trace.channel) ?? [];
      const newest_s = samples.at(-1)?.[0] ?? -Infinity;
      trace.counts.forEach((counts, place) => {
        const time_s = trace.first_s + place * trace.step_s;
        if (time_s > newest_s + trace.step_s / 2) samples.push([time_s, counts]);
      });
      while (samples.length && samples[0][0] < kept_s) samples.shift();
      this.channels.set(trace.channel, samples);
    }
    const { at_s, duration_s, kind, begin_share } = progress.breaths;
    at_s.forEach((begin_s, place) => {
      const end_s = begin_s + duration_s[place];
      this.breaths.set(begin_s, { begin_s, end_s, kind: kind[place], share: begin_share[place] });
    });
    for (const [begin_s, part] of this.breaths) if (part.end_s < kept_s) this.breaths.delete(begin_s);
  }

  draw(now_s, isBreathing) {
    const what = isBreathing ? "breath" : "beats";
    const [from_s, to_s] = [now_s - SHOWN_S[what], now_s + AHEAD_S[what]];
    const width = widthOf(this.svg, HEIGHT);
    const x = (at_s) => ((at_s - from_s) / (to_s - from_s)) * width;
    const y = (share) => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
    const drawn = [line(0, y(0), width, y(0), "zero")];
    if (isBreathing) drawn.push(...this.pacerCurve(from_s, to_s, x, y));
    let place = 0;
    for (const samples of this.channels.values()) {
      const shown = samples.filter(([time_s]) => time_s >= from_s);
      if (shown.length < 2) continue;
      const low = shown.reduce((least, [, counts]) => Math.min(least, counts), Infinity);
      const high = shown.reduce((most, [, counts]) => Math.max(most, counts), -Infinity);
      const range = Math.max(1, high - low);
      const line_ = shown.map(([time_s, counts]) => [x(time_s), y((counts - low) / range)]);
      drawn.push(points(line_, CLASSES[place++ % CLASSES.length]));
    }
    drawn.push(line(x(now_s), TOP, x(now_s), y(0), "edge"));
    drawn.push(label(Math.min(x(now_s) + 4, width - 4), HEIGHT - 6, "now", isBreathing ? "start" : "end"));
    drawn.push(label(2, HEIGHT - 6, `${SHOWN_S[what]} s ago`));
    this.svg.replaceChildren(...drawn);
  }

  // The pacer as it was and will be: half a cosine up and down, as the cue's own level goes.
  pacerCurve(from_s, to_s, x, y) {
    const parts = [...this.breaths.values()].sort((a, b) => a.begin_s - b.begin_s);
    return parts.flatMap((part, place) => {
      const end_s = Math.min(part.end_s, parts[place + 1]?.begin_s ?? Infinity, to_s);
      const curve = [];
      for (let at_s = Math.max(part.begin_s, from_s); at_s < end_s; at_s += STEP_S) curve.push(at_s);
      if (end_s > from_s) curve.push(end_s);
      const drawn = curve.map((at_s) => [x(at_s), y(levelAt(part, at_s))]);
      return drawn.length > 1 ? [points(drawn, "cue")] : [];
    });
  }

  get names() {
    return [...this.channels.keys()];
  }
}

function levelAt({ begin_s, end_s, kind, share }, at_s) {
  const passed = share + (1 - share) * Math.min(1, (at_s - begin_s) / (end_s - begin_s));
  if (kind === "inhale") return 0.5 - 0.5 * Math.cos(Math.PI * passed);
  if (kind === "exhale") return 0.5 + 0.5 * Math.cos(Math.PI * passed);
  return kind === "hold_in" ? 1 : 0;
}

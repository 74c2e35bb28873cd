// The asynchrony strip: each response above (early) or below (late) the line of its beat.

import { label, line, piece, widthOf } from "/static/live-svg.js";

const HEIGHT = 200;
const LEFT = 52;
const TOP = 14;
const BOTTOM = 30;
const SHOWN_S = 12;
const AHEAD_S = 0.6;
const SCALES_MS = [50, 100, 200, 400, 1000];

// cues: the columns at_s, asynchrony_ms and open_count of a progress event; now_s: its at_s.
export function drawStrip(svg, cues, now_s) {
  const width = widthOf(svg, HEIGHT);
  const shown = shownCues(cues, now_s);
  const most_ms = Math.max(0, ...shown.map((cue) => Math.abs(cue.asynchrony_ms ?? 0)));
  const scale_ms = SCALES_MS.find((each) => each >= most_ms) ?? SCALES_MS.at(-1);
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  const y = (ms) => middle + (ms / scale_ms) * (middle - TOP);
  const x = (at_s) => LEFT + ((at_s - now_s + SHOWN_S) / (SHOWN_S + AHEAD_S)) * (width - LEFT);

  const drawn = [];
  for (const ms of [-scale_ms, scale_ms]) {
    drawn.push(line(LEFT, y(ms), width, y(ms), "edge"));
    drawn.push(label(LEFT - 6, y(ms) + 4, ms < 0 ? `−${-ms}` : `+${ms}`, "end"));
  }
  drawn.push(label(LEFT - 6, middle + 4, "0", "end"));
  for (const cue of shown) drawn.push(line(x(cue.at_s), middle - 8, x(cue.at_s), middle + 8, "beat"));
  drawn.push(line(LEFT, middle, width, middle, "cue"));
  for (const cue of shown) {
    if (cue.asynchrony_ms !== null) {
      const at = y(cue.asynchrony_ms);
      drawn.push(line(x(cue.at_s), middle, x(cue.at_s), at, "tie"));
      drawn.push(piece("circle", { cx: x(cue.at_s), cy: at, r: 5, class: "response" }));
    } else if (cue.missed) {
      const [cx, cy] = [x(cue.at_s), HEIGHT - BOTTOM + 12];
      drawn.push(piece("path", { d: `M${cx - 5} ${cy - 5}l10 10m0-10l-10 10`, class: "missed" }));
    }
  }
  drawn.push(label(x(now_s), HEIGHT - 4, "now", "end"));
  drawn.push(label(LEFT, HEIGHT - 4, `${SHOWN_S} s ago`));
  svg.replaceChildren(...drawn);
}

function shownCues(cues, now_s) {
  const closed = cues.at_s.length - cues.open_count;
  return cues.at_s
    .map((at_s, place) => ({
      at_s,
      asynchrony_ms: cues.asynchrony_ms[place],
      missed: place < closed && cues.asynchrony_ms[place] === null,
    }))
    .filter((cue) => cue.at_s > now_s - SHOWN_S && cue.at_s < now_s + AHEAD_S);
}

// How many of the recent beats could have been met, and how many were not.
export function missedOf(cues) {
  const closed = cues.at_s.length - cues.open_count;
  const missed = cues.asynchrony_ms.slice(0, closed).filter((each) => each === null).length;
  return { missed, closed };
}

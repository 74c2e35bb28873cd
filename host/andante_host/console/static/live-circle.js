// Recent responses on the circle of the beat, with the mean of what is shown as an arrow.

import { label, line, piece } from "/static/live-svg.js";

const MIDDLE = 120;
const RADIUS = 88;

// Returns the shown count and vector length, or null where there is nothing to show.
export function drawCircle(svg, cues) {
  const angles = [];
  cues.asynchrony_ms.forEach((asynchrony_ms, place) => {
    if (asynchrony_ms !== null) angles.push((2 * Math.PI * asynchrony_ms) / cues.interval_ms[place]);
  });
  const drawn = [
    piece("circle", { cx: MIDDLE, cy: MIDDLE, r: RADIUS, class: "other" }),
    line(MIDDLE, MIDDLE - RADIUS - 8, MIDDLE, MIDDLE - RADIUS + 8, "cue"),
    label(MIDDLE, 16, "on the beat", "middle"),
    label(MIDDLE, 236, "half a beat off", "middle"),
    // Inside, clear of the circle and of what lies on it.
    label(MIDDLE + RADIUS - 10, MIDDLE + 4, "late", "end"),
    label(MIDDLE - RADIUS + 10, MIDDLE + 4, "early"),
  ];
  for (const angle of angles) {
    const [cx, cy] = place(angle, RADIUS);
    drawn.push(piece("circle", { cx, cy, r: 6, class: "response", "fill-opacity": 0.5 }));
  }
  let mean = null;
  if (angles.length) {
    const east = sum(angles.map(Math.sin)) / angles.length;
    const north = sum(angles.map(Math.cos)) / angles.length;
    drawn.push(line(MIDDLE, MIDDLE, MIDDLE + RADIUS * east, MIDDLE - RADIUS * north, "arrow"));
    mean = { count: angles.length, length: Math.hypot(east, north) };
  }
  svg.replaceChildren(...drawn);
  return mean;
}

function place(angle, radius) {
  return [MIDDLE + radius * Math.sin(angle), MIDDLE - radius * Math.cos(angle)];
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

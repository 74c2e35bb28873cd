// Small SVG pieces. Classes give colours and lines; nothing is styled here.

const NAMESPACE = "http://www.w3.org/2000/svg";

export function piece(name, attributes, text) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function line(x1, y1, x2, y2, class_) {
  return piece("line", { x1, y1, x2, y2, class: class_ });
}

export function label(x, y, text, anchor = "start") {
  return piece("text", { x, y, class: "label", "text-anchor": anchor }, text);
}

export function points(pairs, class_) {
  const text = pairs.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return piece("polyline", { points: text, class: class_ });
}

// The picture's own width in pixels, so that words in it keep their size on a phone.
export function widthOf(svg, height) {
  const width = Math.max(200, svg.clientWidth);
  const box = `0 0 ${width} ${height}`;
  if (svg.getAttribute("viewBox") !== box) svg.setAttribute("viewBox", box);
  return width;
}

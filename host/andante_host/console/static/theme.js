// The look somebody chose on this device: light, dark, contrast, or what the device itself prefers.
// Loaded in the head and before the page is drawn, so that it never shows the other look first.
const KEY = "andante-look";
const LOOKS = ["light", "dark", "contrast"];

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // a browser that keeps nothing: the device's own look it is
  }
}

function show(look) {
  if (LOOKS.includes(look)) document.documentElement.dataset.theme = look;
  else delete document.documentElement.dataset.theme;
}

show(kept());

document.addEventListener("DOMContentLoaded", () => {
  for (const chooser of document.querySelectorAll("[data-look-chooser]")) {
    chooser.hidden = false; // without this script it could do nothing
    const now = document.documentElement.dataset.theme ?? "auto";
    for (const input of chooser.querySelectorAll("input")) input.checked = input.value === now;
    chooser.addEventListener("change", (event) => {
      show(event.target.value);
      try {
        localStorage.setItem(KEY, event.target.value);
      } catch {
        // kept for this page only
      }
    });
  }
});

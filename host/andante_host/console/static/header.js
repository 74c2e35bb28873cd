// Keeps the head's one line about the device true while a page stays open.
const EVERY_MS = 5000;

async function renew() {
  const badge = document.querySelector(".top .device");
  if (!badge || document.hidden) return;
  try {
    const answer = await fetch("/header/device");
    if (!answer.ok) throw new Error(answer.statusText);
    const text = await answer.text();
    const newest = new DOMParser().parseFromString(text, "text/html").querySelector(".device");
    if (!newest) return tell(badge, "Logged out"); // led to the page for logging in
    if (newest.textContent !== badge.textContent) badge.replaceWith(newest);
  } catch {
    tell(badge, "Page cut off");
  }
}

function tell(badge, words) {
  const word = badge.querySelector(".badge");
  word.className = "badge bad";
  word.textContent = words;
}

setInterval(renew, EVERY_MS);
document.addEventListener("visibilitychange", renew);
// The live page hears of changes at once, and what stands above it must not contradict it.
document.addEventListener("device-changed", renew);

// Says under a breathing plan's form how long each part of a breath lasts, as it is typed.
// Without this script the plan's own page says it.

const PARTS = [
  ["breathe-inhale_parts", "in"],
  ["breathe-hold_in_parts", "hold"],
  ["breathe-exhale_parts", "out"],
  ["breathe-hold_out_parts", "hold"],
];
const S_PER_MINUTE = 60;

const form = document.querySelector("[data-plan-form]");
const line = form?.querySelector("[data-breath-seconds]");

function number(id) {
  const input = document.getElementById(id);
  return input === null ? NaN : parseFloat(input.value.replace(",", "."));
}

function tell() {
  const rate_brpm = number("breathe-rate_brpm");
  const parts = PARTS.map(([id, word]) => [number(id) || 0, word]).filter(([share]) => share > 0);
  const whole = parts.reduce((sum, [share]) => sum + share, 0);
  if (!(rate_brpm > 0) || parts.length < 2) {
    line.textContent = "";
    return;
  }
  const words = parts.map(([share, word]) => {
    const seconds_s = (S_PER_MINUTE / rate_brpm) * (share / whole);
    return `${word} ${seconds_s.toFixed(1)} s`;
  });
  line.textContent = `At ${rate_brpm} a minute one breath is: ${words.join(", ")}.`;
}

if (line) {
  form.addEventListener("input", tell);
  tell();
}

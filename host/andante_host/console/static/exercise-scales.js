// A scale for a hand that trembles. Its tiles leave no gaps, so no drag and no aim is needed; a
// second touch that follows at once is taken for the tremor and not for a change of mind, and the
// last change can be undone.
export const SAME_TOUCH_MS = 700;

export function steady(scale) {
  const inputs = [...scale.querySelectorAll("input")];
  const undo = scale.querySelector("[data-undo]");
  const history = []; // what was chosen, null for nothing, oldest first
  let chosen = inputs.find((input) => input.checked) ?? null;
  let changed_ms = -Infinity;

  const show = (input) => {
    chosen = input;
    for (const each of inputs) each.checked = each === input;
    undo.hidden = history.length === 0;
  };

  scale.addEventListener("change", (event) => {
    const now_ms = event.timeStamp;
    // Arrow keys are deliberate, however fast they come.
    const trembles = now_ms - changed_ms < SAME_TOUCH_MS && !byKey;
    if (trembles) return show(chosen);
    changed_ms = now_ms;
    history.push(chosen);
    show(event.target);
  });

  let byKey = false;
  scale.addEventListener("keydown", () => (byKey = true));
  scale.addEventListener("pointerdown", () => (byKey = false));

  undo.addEventListener("click", () => {
    changed_ms = -Infinity;
    show(history.pop() ?? null);
  });
}

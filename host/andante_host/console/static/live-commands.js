// Forms marked data-command are sent without leaving the page; what became of them is said.
// Without this script the same forms work, and the page is loaded anew.

const GONE =
  "The page did not reach the console, so this may not have been done. Look at the device, and use its button to stop.";

// say(sentence, isBad)
export function sendFormsBy(say) {
  for (const form of document.querySelectorAll("form[data-command]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form, say);
    });
  }
}

async function send(form, say) {
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST",
      headers: {
        accept: "application/json",
        "x-csrftoken": document.querySelector('meta[name="csrf-token"]').content,
      },
      body: new URLSearchParams(new FormData(form)),
      redirect: "error",
    });
    const said = await answer.json();
    say(said.sentence ?? said.detail ?? GONE, !answer.ok);
    if (answer.ok && "clears" in form.dataset) form.reset();
  } catch {
    say(GONE, true);
  }
}

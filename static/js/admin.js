// Tells the server now and then that this form is open, and shows who else has it open.
// Without this script the same line stands there, as of the moment the page was opened.
"use strict";
{
  const line = document.querySelector("[data-presence]");
  const form = line && line.closest("form");
  const token = form && form.querySelector("[name=csrfmiddlewaretoken]");
  const EVERY = 45_000;

  const tell = async (leaving) => {
    const body = new URLSearchParams({ csrfmiddlewaretoken: token.value });
    if (leaving) body.set("leave", "1");
    try {
      const answer = await fetch(line.dataset.presence, { method: "POST", body, keepalive: true });
      if (!leaving && answer.ok) {
        const { text } = await answer.json();
        if (line.textContent !== text) line.textContent = text;
        line.hidden = !text;
      }
    } catch {
      // A courtesy only: without a connection the form works as before.
    }
  };

  if (token) {
    tell(false);
    setInterval(() => document.visibilityState === "visible" && tell(false), EVERY);
    window.addEventListener("pagehide", () => tell(true));
  }
}

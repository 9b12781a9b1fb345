/* The desk's form keeps what is typed: a few seconds after typing stops, and when the page is left.
   It also tells that somebody is at it, and shows who else is. Files are not sent: they go with the
   form itself. Without this script the form does all but that. */

(() => {
  "use strict";

  const form = document.querySelector("form[data-copy-url]");
  if (!form || !window.fetch || !window.AbortController) {
    return;
  }

  const PAUSE = 3000;
  const AGAIN = 15000;
  const PRESENCE = 60000;
  // What a page may still send while it is being left.
  const KEEPALIVE_MOST = 60000;

  const savedLine = form.querySelector("[data-saved]");
  const presenceLine = document.querySelector("[data-presence]");
  let timer = 0;
  let isLeaving = false;
  let running = null;

  const typed = () =>
    [...new FormData(form)].filter(
      ([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken",
    );

  let kept = form.hasAttribute("data-unsaved") ? "" : JSON.stringify(typed());

  const isChanged = () => JSON.stringify(typed()) !== kept;

  const body = (entries) => {
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    if (entries) {
      data.append("typed", "1");
      entries.forEach(([name, value]) => data.append(name, value));
    }
    return data;
  };

  const show = (answer) => {
    if (answer.status && savedLine.textContent !== answer.status) {
      savedLine.textContent = answer.status;
    }
    if (answer.presence !== undefined && presenceLine.textContent.trim() !== answer.presence) {
      presenceLine.textContent = answer.presence;
      presenceLine.hidden = !answer.presence;
    }
  };

  const later = (time) => {
    clearTimeout(timer);
    timer = setTimeout(keep, time);
  };

  async function send(entries, options = {}) {
    const response = await fetch(form.dataset.copyUrl, {
      method: "POST",
      body: body(entries),
      credentials: "same-origin",
      headers: { Accept: "application/json" },
      ...options,
    });
    const isJson = (response.headers.get("Content-Type") || "").includes("json");
    if (isJson) {
      show(await response.json());
    }
    return response.ok;
  }

  async function keep() {
    clearTimeout(timer);
    if (isLeaving || !isChanged()) {
      return;
    }
    if (running) {
      later(PAUSE);
      return;
    }
    const entries = typed();
    running = new AbortController();
    try {
      if (await send(entries, { signal: running.signal })) {
        kept = JSON.stringify(entries);
      }
    } catch {
      // No network at this moment: what was typed is still here, and is sent again.
      if (!isLeaving) {
        later(AGAIN);
      }
    } finally {
      running = null;
    }
  }

  const keepNow = () => {
    if (isLeaving || !isChanged()) {
      return;
    }
    clearTimeout(timer);
    const entries = typed();
    const size = entries.reduce((sum, [name, value]) => sum + name.length + 2 * value.length + 150, 0);
    send(entries, { keepalive: size < KEEPALIVE_MOST }).then(
      (isKept) => {
        if (isKept) {
          kept = JSON.stringify(entries);
        }
      },
      () => {},
    );
  };

  const tellPresence = () => {
    if (!isLeaving && document.visibilityState === "visible") {
      send(null).catch(() => {});
    }
  };

  form.addEventListener("input", () => later(PAUSE));
  form.addEventListener("change", () => later(PAUSE));
  // The form that is sent saves all of it, or drops it; what came later would only be old.
  document.addEventListener("submit", (event) => {
    if (event.target !== form && !event.target.hasAttribute("data-drop")) {
      return;
    }
    isLeaving = true;
    clearTimeout(timer);
    if (running) {
      running.abort();
    }
  });
  window.addEventListener("pageshow", () => {
    isLeaving = false;
  });
  window.addEventListener("pagehide", keepNow);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      keepNow();
    } else {
      tellPresence();
    }
  });
  setInterval(tellPresence, PRESENCE);
  tellPresence();
  if (kept === "") {
    later(0);
  }
})();

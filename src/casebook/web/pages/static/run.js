"use strict";
// Each event says that something changed; what is shown comes from the server, in one place and one language.
(() => {
  const live = document.getElementById("live");
  const spoken = document.getElementById("spoken");
  const address = live.dataset.address;
  let source = null;
  let shown = "";
  let wait = 1000;
  let busy = false;
  let again = false;

  async function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(`${address}?part=live`, { headers: { Accept: "text/html" } });
      if (answer.ok) put(await answer.text());
    } catch { /* the next event, or the next try to connect, brings it */ }
    busy = false;
    if (again) { again = false; refresh(); }
  }

  function put(text) {
    if (text === shown) return;
    shown = text;
    const open = [...live.querySelectorAll("details[open]")].map((found) => found.id);
    const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
    const heading = live.querySelector("#standing").textContent;
    const parsed = new DOMParser().parseFromString(text, "text/html");
    live.replaceChildren(...parsed.body.childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus();
    const now = live.querySelector("#standing").textContent;
    if (now !== heading) spoken.textContent = now;
  }

  function connect() {
    source = new EventSource(`${address}/events`);
    source.addEventListener("open", () => { wait = 1000; refresh(); });
    source.addEventListener("state", async (event) => {
      const state = JSON.parse(event.data);
      await refresh();
      if (["done", "failed", "cancelled", "interrupted"].includes(state.status)) {
        source.close();
        // An interrupted run goes on by itself: look again.
        if (state.status === "interrupted") setTimeout(connect, 5000);
        else { live.dataset.ended = "yes"; await refresh(); }
      }
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, 30000);
    });
  }
  connect();
})();

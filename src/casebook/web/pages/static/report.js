"use strict";
// Citations are links and work without this; with it the source opens beside the text.
(() => {
  const pane = document.getElementById("pane");
  const reading = document.querySelector(".reading");
  const filters = document.getElementById("filters");
  let opener = null;
  let asked = 0;

  async function open(address, focus) {
    const number = ++asked;
    staying(() => { pane.hidden = false; reading.classList.add("open"); });
    pane.setAttribute("aria-busy", "true");
    if (!pane.childElementCount) pane.textContent = pane.dataset.loading;
    const place = new URL(address, location.href);
    place.searchParams.set("part", "pane");
    let text = "";
    try {
      const answer = await fetch(place, { headers: { Accept: "text/html" } });
      if (answer.ok) text = await answer.text();
    } catch { /* told below */ }
    if (number !== asked) return;
    pane.removeAttribute("aria-busy");
    if (!text) { location.href = address; return; }
    const parsed = new DOMParser().parseFromString(text, "text/html");
    pane.replaceChildren(...parsed.body.childNodes);
    for (const link of document.querySelectorAll("article .cite.now")) link.classList.remove("now");
    const id = new URL(address, location.href).searchParams.get("q");
    for (const link of document.querySelectorAll(`article .cite[data-quote="${CSS.escape(id || "")}"]`)) link.classList.add("now");
    const mark = pane.querySelector(".page .mark, .sheet .here") || pane.querySelector(".passage mark");
    pane.scrollTop = 0;
    if (mark) {
      const offset = mark.getBoundingClientRect().top - pane.getBoundingClientRect().top;
      if (offset > pane.clientHeight * 0.7) pane.scrollTop = offset - pane.clientHeight / 3;
    }
    if (focus) pane.focus({ preventScroll: true });
  }

  // The text gets narrower or wider: what was clicked stays where it was on the screen.
  function staying(change) {
    const place = () => (opener && opener.isConnected ? opener.getBoundingClientRect().top : 0);
    const before = place();
    change();
    window.scrollBy({ top: place() - before, behavior: "instant" });
  }

  function close() {
    asked += 1;
    staying(() => { pane.hidden = true; pane.replaceChildren(); reading.classList.remove("open"); });
    for (const link of document.querySelectorAll("article .cite.now")) link.classList.remove("now");
    if (opener && opener.isConnected) opener.focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!plain) return;
    if (event.target.closest("[data-close]")) { close(); return; }
    const link = event.target.closest("a.cite[data-quote], #pane a[data-step]");
    if (link) {
      event.preventDefault();
      if (!pane.contains(link)) opener = link;
      open(link.href, true);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (pane.hidden || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "Escape") close();
    else if (pane.contains(document.activeElement) && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const link = pane.querySelector(event.key === "ArrowLeft" ? "[rel=prev]" : "[rel=next]");
      if (link) { event.preventDefault(); open(link.href, true); }
    }
  });

  // Filters: the server's answer, without leaving the page.
  let timer = 0;
  let round = 0;
  async function filter() {
    const number = ++round;
    const place = new URL(filters.action, location.href);
    place.hash = "";
    for (const [name, value] of new FormData(filters)) if (value) place.searchParams.set(name, value);
    const answer = await fetch(place, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer || !answer.ok || number !== round) return;
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("found").replaceWith(parsed.getElementById("found"));
    history.replaceState(null, "", place.pathname + place.search);
  }
  filters.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
  filters.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 250); });

  // A link to something that is folded opens it.
  function unfold() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && target.closest("details");
    if (folded) folded.open = true;
  }
  addEventListener("hashchange", unfold);
  unfold();

  const print = document.getElementById("print");
  print.hidden = false;
  print.addEventListener("click", () => window.print());
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("article details:not([open])")];
    for (const found of folded) found.open = true;
  });
  addEventListener("afterprint", () => { for (const found of folded) found.open = false; });
})();

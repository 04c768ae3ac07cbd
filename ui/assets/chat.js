// Markers lead to their citation's card, cards lead back, and the newest answer stays in view.
(() => {
  "use strict";

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const behavior = () => (calm.matches ? "auto" : "smooth");

  function choose(turn, id) {
    for (const section of document.querySelectorAll("#sources .sources")) {
      section.hidden = section.dataset.turn !== turn;
    }
    for (const old of document.querySelectorAll(".chosen")) old.classList.remove("chosen");
    const card = document.getElementById(id);
    if (!card) return;
    card.classList.add("chosen");
    for (const marker of document.querySelectorAll(`a.marker[href="#${id}"]`)) {
      marker.classList.add("chosen");
    }
    card.scrollIntoView({ behavior: behavior(), block: "nearest" });
    card.focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.marker, a.back");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const id = link.getAttribute("href").slice(1);
    if (link.classList.contains("marker")) {
      choose(link.dataset.turn, id);
    } else {
      const marker = document.getElementById(id);
      marker?.scrollIntoView({ behavior: behavior(), block: "center" });
      marker?.focus({ preventScroll: true });
    }
  });

  // The newest exchange is kept in view while it grows, until the reader scrolls away from it.
  let latest = "";
  let following = true;
  for (const kind of ["wheel", "touchmove", "keydown"]) {
    document.addEventListener(kind, () => (following = false), { passive: true });
  }

  function follow() {
    const exchange = document.querySelector("#now .exchange");
    if (!exchange) return;
    const running = exchange.classList.contains("running");
    document.getElementById("now").setAttribute("aria-busy", String(running));
    if (exchange.id !== latest) {
      latest = exchange.id;
      following = true;
      document.getElementById("side").scrollTo({ top: 0 });
    }
    if (!following) return;
    const shown = exchange.getBoundingClientRect();
    const room = document.getElementById("ask").getBoundingClientRect().top;
    const top = document.getElementById("top").getBoundingClientRect().bottom;
    const hidden = Math.min(shown.bottom - room, shown.top - top);
    if (shown.top < top || hidden > 0) scrollBy(0, shown.top < top ? shown.top - top : hidden);
  }

  function start() {
    const now = document.getElementById("now");
    if (!now) return void setTimeout(start, 50);
    now.setAttribute("role", "log");
    now.setAttribute("aria-live", "polite");
    document.getElementById("side").setAttribute("role", "complementary");
    document.getElementById("side").setAttribute("aria-label", "Sources");
    new MutationObserver(follow).observe(now, { childList: true, subtree: true });
  }
  start();
})();

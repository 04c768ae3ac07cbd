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

  let latest = "";
  function follow() {
    const now = document.querySelector("#now .exchange");
    if (!now) return;
    const fresh = now.id !== latest;
    latest = now.id;
    document.getElementById("now").setAttribute("aria-busy", String(now.classList.contains("running")));
    if (!fresh) return;
    now.scrollIntoView({ behavior: behavior(), block: "start" });
    document.getElementById("side")?.scrollTo({ top: 0 });
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

// Markers and cards open their source beside the answer: the document with the quoted words marked.
(() => {
  "use strict";

  const { find, behavior, started } = window.footnote;
  const wide = matchMedia("(min-width: 60rem)");
  let panel; // the dialog
  let frame; // the document in it
  let from; // what was clicked, to go back to
  let opened; // the link whose document is shown

  const card = () => opened?.closest(".card") ?? null;
  const label = () => card()?.dataset.label ?? "";

  // The links that previous and next go through: citations, or else the passages of a turn.
  function row() {
    if (!card()) return [];
    const kind = label() ? ".card[data-label] a.open" : ".card:not([data-label]) a.open";
    return [...card().closest(".sources").querySelectorAll(kind)];
  }

  function build() {
    panel = document.createElement("dialog");
    panel.id = "panel";
    panel.setAttribute("aria-labelledby", "panel-title");
    panel.innerHTML = `
      <header>
        <span class="label"></span>
        <div class="where"><h2 id="panel-title" tabindex="-1" dir="auto"></h2><p class="place"></p></div>
        <button type="button" class="only" title="Ask only this document" aria-label="Ask only this document">Ask only this</button>
        <a class="whole" target="_blank" rel="noopener" aria-label="Open the document in a new tab" title="Open in a new tab"></a>
        <button type="button" class="close" aria-label="Close the source" title="Close (Esc)"></button>
      </header>
      <blockquote class="kept" hidden></blockquote>
      <iframe title="The document with the quoted words marked"></iframe>
      <footer>
        <button type="button" class="previous">Previous</button>
        <p class="count" role="status"></p>
        <button type="button" class="next">Next</button>
      </footer>`;
    find("#side").append(panel);
    frame = find("iframe", panel);
    find(".close", panel).addEventListener("click", close);
    find(".only", panel).addEventListener("click", () => {
      const path = decodeURIComponent(new URL(find(".whole", panel).href).pathname.replace("/documents/", ""));
      window.footnote.choosing.ask_only({ kind: "documents", value: path });
      from = find("#ask textarea"); // where one goes on once it is closed
      close();
    });
    // A modal dialog takes clicks beside it for its own.
    panel.addEventListener("click", ({ target, clientY }) => {
      if (target === panel && clientY < panel.getBoundingClientRect().top) close();
    });
    panel.addEventListener("cancel", (event) => {
      event.preventDefault();
      close();
    });
    find(".previous", panel).addEventListener("click", () => go(-1));
    find(".next", panel).addEventListener("click", () => go(1));
    panel.addEventListener("close", leave);
    panel.addEventListener("keydown", keys);
  }

  // An open source is an entry of the browser's history: its way back leads to the conversation.
  function close() {
    if (history.state?.source) history.back();
    else panel.close();
  }

  window.addEventListener("popstate", () => {
    const source = history.state?.source;
    if (!source) return void (panel?.open && panel.close());
    const link = [...document.querySelectorAll("#side a.open")].find((each) => each.href === source);
    if (link && !panel.open) open(link, link);
  });

  // Looks until the document is there; its pictures may take longer.
  function settle(url) {
    const shown = frame.contentDocument;
    if (!panel.open || panel.dataset.url !== url) return;
    if (shown?.URL !== url || shown.readyState === "loading") return void setTimeout(settle, 30, url);
    panel.classList.remove("loading");
    // Keys pressed in the document are meant for the panel as well.
    shown.addEventListener("keydown", keys);
    // Its own links lead on inside of it, and leave no entry behind: the way back closes it.
    shown.addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const there = link.pathname + link.search === shown.location.pathname + shown.location.search;
      const target = there && shown.getElementById(link.hash.slice(1));
      if (target) return void target.scrollIntoView({ behavior: behavior(), block: "start" });
      frame.contentWindow.location.replace(link.href);
      panel.dataset.url = link.href;
      settle(link.href);
    });
    const quote = () => shown.getElementById("quote")?.scrollIntoView({ block: "center" });
    quote();
    // Fonts that come for the first time move the lines.
    let read = false;
    for (const kind of ["wheel", "touchmove", "keydown"]) {
      shown.addEventListener(kind, () => (read = true), { once: true, passive: true });
    }
    shown.fonts.ready.then(() => read || quote());
  }

  function keys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") close();
    else if (event.key === "ArrowLeft") go(-1);
    else if (event.key === "ArrowRight") go(1);
    else return;
    event.preventDefault();
  }

  function go(by) {
    const links = row();
    const to = links[links.indexOf(opened) + by];
    if (to) open(to, from);
  }

  function choose() {
    for (const old of document.querySelectorAll(".chosen")) old.classList.remove("chosen");
    const chosen = card();
    if (!chosen) return;
    chosen.classList.add("chosen");
    if (!chosen.id) return;
    for (const marker of document.querySelectorAll(`a.marker[href="#${chosen.id}"]`)) {
      marker.classList.add("chosen");
    }
  }

  // Only the sources of one turn are shown at a time.
  function turn(name) {
    for (const section of document.querySelectorAll("#sources .sources")) {
      section.hidden = section.dataset.turn !== name;
    }
  }

  function open(link, source) {
    opened = link;
    from = source;
    const links = row();
    const at = links.indexOf(link);
    const chosen = card();
    find(".label", panel).textContent = label();
    find(".label", panel).hidden = !label();
    find("h2", panel).textContent = find(".title", chosen ?? link).textContent;
    find(".place", panel).textContent = find(".place, .path", chosen ?? link)?.textContent ?? "";
    find(".whole", panel).href = link.href;
    find("footer", panel).hidden = links.length < 2;
    find(".count", panel).textContent = `${label() ? "Citation" : "Passage"} ${at + 1} of ${links.length}`;
    find(".previous", panel).disabled = at <= 0;
    find(".next", panel).disabled = at >= links.length - 1;
    const kept = find(".kept", panel);
    kept.hidden = !chosen?.querySelector(".outdated");
    kept.textContent = kept.hidden ? "" : find("mark", chosen)?.textContent ?? "";
    const address = new URL(link.href);
    address.searchParams.set("panel", "1");
    panel.classList.add("loading");
    // Replaced, so that the browser's way back leaves the page and not the document.
    frame.contentWindow.location.replace(address);
    panel.dataset.url = address.href;
    choose();
    if (history.state?.source) history.replaceState({ source: link.href }, "");
    else history.pushState({ source: link.href }, "");
    if (!panel.open) {
      if (wide.matches) panel.show();
      else panel.showModal();
      find("h2", panel).focus({ preventScroll: true });
    } else if (document.activeElement?.disabled) find("h2", panel).focus({ preventScroll: true });
    document.documentElement.classList.add("panel-open");
    settle(address.href);
  }

  function leave() {
    document.documentElement.classList.remove("panel-open");
    const marker = from?.isConnected ? from : document.getElementById(from?.id);
    const back = label() && marker?.matches("a.marker") ? markerOf(label(), marker) : marker;
    opened = undefined;
    choose();
    back?.focus({ preventScroll: true });
    back?.scrollIntoView({ behavior: behavior(), block: "nearest" });
  }

  // Where the answer cites what was shown last, which may be another marker than was clicked.
  function markerOf(number, clicked) {
    return document.getElementById(`${clicked.dataset.turn}-m${number}`) ?? clicked;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.marker, a.back, #side a.open");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const target = document.getElementById(link.hash.slice(1));
    if (link.matches(".marker")) {
      turn(link.dataset.turn);
      window.footnote.show("sources");
      if (target) open(find("a.open", target), link);
    } else if (link.matches(".back")) {
      target?.scrollIntoView({ behavior: behavior(), block: "center" });
      target?.focus({ preventScroll: true });
    } else open(link, link);
  });

  // Beside the talk the panel is no modal, so its keys are heard wherever nobody writes.
  document.addEventListener("keydown", (event) => {
    if (!panel?.open || event.defaultPrevented || panel.contains(event.target)) return;
    if (event.key === "Escape" || !event.target.closest("input, textarea, [role=tab]")) keys(event);
  });

  started.then(() => {
    build();
    if (history.state?.source) history.replaceState(null, ""); // of the page before a reload
    // A new answer is read with its own sources; what is gone from the page is not shown on.
    window.footnote.watch("sources", () => {
      if (!panel.open || !opened || opened.isConnected) return;
      const same = card()?.id ? document.getElementById(card().id) : null;
      if (same) opened = find("a.open", same);
      else {
        // Not back: another conversation's entry may be on its way.
        if (history.state?.source) history.replaceState(null, "");
        panel.close();
      }
      choose();
    });
  });
})();

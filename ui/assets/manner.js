// The settings of a conversation: a button opens their form, and a change is told at once.
(() => {
  "use strict";

  const { find, started, tell } = window.footnote;
  const form = () => find("#manner");
  const button = () => find("#gist button");

  function show(open) {
    form().hidden = !open;
    button().setAttribute("aria-expanded", String(open));
  }

  document.addEventListener("click", (event) => {
    if (!form()) return;
    if (event.target.closest("#gist button")) show(form().hidden);
    else if (!form().hidden && !event.target.closest("#manner")) show(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !form() || form().hidden) return;
    show(false);
    button().focus();
    event.preventDefault();
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches("#manner [type=range]")) find("#manner output").textContent = target.value;
  });
  document.addEventListener("change", ({ target }) => {
    if (!target.closest("#manner")) return;
    const said = new FormData(form());
    tell(form(), "settle", {
      composer: said.get("composer"),
      passages: Number(said.get("passages")),
      strict: said.has("strict"),
    });
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    show(false);
  });

  // What tells the settings is made anew with each change; its form stays open.
  started.then(() => window.footnote.watch("gist", () => button() && form() && show(!form().hidden)));
})();

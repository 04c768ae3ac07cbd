// The settings of a conversation: a button opens their form, and a change is told at once.
(() => {
  "use strict";

  const { find, started, dispatch } = window.footnote;
  const form = () => find("#options-form");
  const button = () => find("#options-summary button");

  function show(open) {
    form().hidden = !open;
    button().setAttribute("aria-expanded", String(open));
  }

  document.addEventListener("click", (event) => {
    if (!form()) return;
    if (event.target.closest("#options-summary button")) show(form().hidden);
    else if (!form().hidden && !event.target.closest("#options-form")) show(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !form() || form().hidden) return;
    show(false);
    button().focus();
    event.preventDefault();
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches("#options-form [type=range]")) find("#options-form output").textContent = target.value;
  });
  document.addEventListener("change", ({ target }) => {
    if (!target.closest("#options-form")) return;
    const said = new FormData(form());
    dispatch(form(), "set_options", {
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
  started.then(() => window.footnote.watch("options-summary", () => button() && form() && show(!form().hidden)));
})();

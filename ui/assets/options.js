// The answer options of a conversation: a button opens their form, and a change is sent at once.
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
    if (target.matches("#scope [name=collection]")) dispatch(target, "set_scope", { collection: target.value });
    if (target.matches("#scope [name=only]")) {
      const [kind, ...value] = target.value.split(":");
      dispatch(target, "set_filter", { kind, value: value.join(":"), on: true });
    }
    if (!target.closest("#options-form")) return;
    const values = new FormData(form());
    dispatch(form(), "set_options", {
      composer: values.get("composer"),
      passages: Number(values.get("passages")),
      strict: values.has("strict"),
    });
  });
  // The conversations that hold what is typed, once it rests.
  let typing;
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("#find input")) return;
    search(target);
  });
  function search(box) {
    clearTimeout(typing);
    typing = setTimeout(() => dispatch(box, "find_chats", { words: box.value.trim() }), 250);
  }
  // An answer that comes meanwhile brings the list of all of them.
  started.then(() =>
    window.footnote.watch("chats", () => {
      const box = find("#find input");
      if (box?.value.trim() && find("#chats .chats:not(.found)")) search(box);
    }),
  );

  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    show(false);
  });

  // Each change replaces the button; the form stays open.
  const keep = () => button() && form() && show(!form().hidden);
  started.then(() => window.footnote.watch("options-summary", keep));
})();

// What the next question is asked by: its settings, collection and documents. The page has it from the
// server when it opens a conversation; from then on a change is shown at once and goes with every question,
// and nothing that comes from the server later undoes it.
(() => {
  "use strict";

  const { find, started, dispatch } = window.footnote;
  const form = () => find("#options-form");
  const button = () => find("#options-summary .summary");
  const EVERYTHING = { documents: [], folders: [], types: [] };
  let choice; // none before the server has sent one
  let number = 0; // of the last change
  let taken; // the number of what the server sent last

  window.footnote.choice = () => (choice ? JSON.stringify(choice) : "");

  // The server keeps a change with the conversation, and sends what follows from it.
  function change(changes, event = "choose") {
    choice = { ...choice, ...changes };
    draw();
    dispatch(find("#choice [data-choice]"), event, { number: ++number, changed: ["choice", ...Object.keys(changes)] });
  }

  function filtered(kind, value, on) {
    const others = choice.filters[kind].filter((each) => each !== value);
    change({ filters: { ...choice.filters, [kind]: on ? [...others, value] : others } });
  }

  // What is chosen of another collection goes with it.
  function collected(name) {
    const stays = (path) => !name || path.startsWith(`${name}/`);
    const { documents, folders, types } = choice.filters;
    const filters = { documents: documents.filter(stays), folders: folders.filter(stays), types };
    change({ collections: name ? [name] : [], filters }, "choose_collection");
  }

  // What a button changes of it, before its own event is sent.
  window.footnote.choosing = {
    ask_only: ({ kind, value }) => filtered(kind, value, true),
    ask_not_only: ({ kind, value }) => filtered(kind, value, false),
    ask_again: ({ everything, composer }) => {
      if (everything) change({ collections: [], filters: EVERYTHING });
      if (composer) change({ composer });
    },
  };

  // --- the controls show the choice, whatever the server sends them with

  function draw() {
    const { composer, strict, passages } = form().elements;
    if (composer) composer.value = choice.composer;
    if (strict) strict.checked = choice.strict;
    passages.value = choice.passages;
    find("output", form()).textContent = choice.passages;
    drawSummary();
    drawScope();
  }

  // Replies may come in another order than their events: what is said of the choice is made of it.
  function drawSummary() {
    if (!choice || !button()) return;
    const written = find(`[value="${choice.composer}"] + span`, form())?.firstChild.textContent ?? "Quotes";
    const facts = [written, `${choice.passages} passage${choice.passages === 1 ? "" : "s"}`];
    if (choice.strict && choice.composer === "llm") facts.push("strict");
    find(".shown", button()).textContent = facts.join(" · ");
  }

  function drawScope() {
    const place = find("#scope .chips");
    if (!choice || !place) return;
    const collection = find("#scope [name=collection]");
    if (collection) collection.value = choice.collections[0] ?? "";
    const chosen = Object.entries(choice.filters).flatMap(([kind, values]) => values.map((value) => `${kind}:${value}`));
    if ([...place.children].map((each) => each.dataset.of).join("\n") !== chosen.join("\n")) {
      place.replaceChildren(...chosen.map(chip));
    }
    const only = find("#scope [name=only]");
    if (!only) return;
    only.value = "";
    const { none, more } = only.options[0].dataset;
    only.options[0].label = chosen.length ? more : none;
    for (const option of only.options) option.hidden = option.disabled = chosen.includes(option.value);
    for (const group of only.children) {
      if (group.matches("optgroup")) group.hidden = [...group.children].every((each) => each.hidden);
    }
  }

  function chip(chosen) {
    const [kind, ...rest] = chosen.split(":");
    const value = rest.join(":");
    const made = document.createElement("span");
    made.className = "chip";
    made.dataset.of = chosen;
    made.innerHTML = '<span dir="auto"></span><button type="button" data-action="ask_not_only" title="Ask not only this"></button>';
    made.firstChild.textContent = value;
    made.lastChild.setAttribute("aria-label", `Ask not only ${value}`);
    Object.assign(made.lastChild.dataset, { kind, value });
    return made;
  }

  document.addEventListener("change", ({ target }) => {
    if (target.matches("#scope [name=collection]")) collected(target.value);
    if (target.matches("#scope [name=only]") && target.value) {
      const [kind, ...value] = target.value.split(":");
      filtered(kind, value.join(":"), true);
    }
    if (!choice || !target.closest("#options-form")) return;
    const { composer, strict, passages } = form().elements;
    change({
      passages: Number(passages.value),
      ...(composer && { composer: composer.value, strict: strict.checked }),
    });
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches("#options-form [type=range]")) find("output", form()).textContent = target.value;
  });

  // A conversation that the server opened brings its own; a document's page may lead here to be asked alone.
  function received() {
    const sent = find("#choice [data-choice]");
    if (!sent || sent.dataset.number === taken) return;
    taken = sent.dataset.number;
    choice = JSON.parse(sent.dataset.choice);
    draw();
    const address = new URL(location.href);
    const path = address.searchParams.get("only");
    if (!path) return;
    address.searchParams.delete("only");
    history.replaceState(null, "", address);
    filtered("documents", path, true);
  }

  // --- the button that opens the form

  function show(open) {
    form().hidden = !open;
    button().setAttribute("aria-expanded", String(open));
  }

  document.addEventListener("click", (event) => {
    if (!button()) return;
    if (event.target.closest("#options-summary .summary")) show(form().hidden);
    else if (!form().hidden && !event.target.closest("#options-form")) show(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !form() || form().hidden) return;
    show(false);
    button().focus();
    event.preventDefault();
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    show(false);
  });

  // --- the conversations that hold what is typed, once it rests

  let typing;
  document.addEventListener("input", ({ target }) => {
    if (target.matches("#find input")) search(target);
  });
  function search(box) {
    clearTimeout(typing);
    typing = setTimeout(() => dispatch(box, "find_chats", { words: box.value.trim() }), 250);
  }

  started.then(() => {
    const { watch } = window.footnote;
    received();
    watch("choice", received);
    watch("scope", drawScope);
    // Each conversation brings the button anew; the form stays as it is.
    watch("options-summary", () => {
      if (button()) show(!form().hidden);
      drawSummary();
    });
    // An answer that comes meanwhile brings the list of all of them, and a search may be overtaken.
    watch("chats", () => {
      const [box, list] = [find("#find input"), find("#chats .chats")];
      if (!box || !list) return;
      if (list.dataset.words === box.value.trim()) clearTimeout(typing);
      else search(box);
    });
  });
})();

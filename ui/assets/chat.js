// Buttons send events to the server, the newest answer stays in view, the URL names the conversation.
(() => {
  "use strict";

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const find = (selector, within = document) => within.querySelector(selector);
  const footnote = (window.footnote = { behavior: () => (calm.matches ? "auto" : "smooth"), find });

  // Events go to the nearest component around a button that takes them.
  footnote.dispatch = (from, name, detail = {}) => {
    for (let node = from; node; node = node.parentElement) {
      if (typeof node.dispatch === "function") return void node.dispatch(name, detail);
    }
  };

  // A modal dialog: resolves to true, to the text entered, or to null if it is cancelled.
  footnote.confirm = (text, button, value) =>
    new Promise((resolve) => {
      const dialog = document.createElement("dialog");
      dialog.id = "confirm";
      dialog.setAttribute("aria-labelledby", "confirm-text");
      dialog.innerHTML =
        '<form method="dialog"><p id="confirm-text"></p><input name="words" maxlength="80">' +
        '<div class="bar"><button value="">Cancel</button><button value="yes" class="yes"></button></div></form>';
      const input = find("input", dialog);
      find("p", dialog).textContent = text;
      find(".yes", dialog).textContent = button;
      if (value === undefined) input.remove();
      else {
        input.value = value;
        input.setAttribute("aria-labelledby", "confirm-text");
        // Enter in the field means yes, not the first button.
        input.addEventListener("keydown", (event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          dialog.close("yes");
        });
      }
      dialog.addEventListener("close", () => {
        const yes = dialog.returnValue === "yes";
        dialog.remove();
        resolve(yes ? (value === undefined ? true : input.value.trim() || null) : null);
      });
      document.body.append(dialog);
      dialog.showModal();
      if (value === undefined) find(".yes", dialog).focus();
      else input.select();
    });

  const confirmations = {
    delete_chat: ({ title }) => footnote.confirm(`Delete the conversation “${title}”?`, "Delete"),
    rename_chat: ({ title }) => footnote.confirm("Name of the conversation", "Rename", title),
    delete_document: ({ document: path }) =>
      footnote.confirm(`Delete “${decodeURIComponent(path)}” from the folder of documents?`, "Delete"),
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-action]");
    if (!button) return;
    const { action, ...detail } = button.dataset;
    if (action in confirmations) {
      const answer = await confirmations[action](detail);
      if (answer === null) return void button.focus();
      if (action === "rename_chat") detail.title = answer;
    }
    footnote.dispatch(button, action, detail);
    if (action === "open_chat" || action === "delete_chat") footnote.menu?.(false);
    if (action === "suggest") find("#ask textarea").focus();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-action]");
    if (!form) return;
    event.preventDefault();
    const { action, ...detail } = form.dataset;
    const given = Object.fromEntries(new FormData(form));
    if (Object.values(given).some((value) => value.trim())) {
      footnote.dispatch(form, action, { ...detail, ...given });
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const turn = button.closest(".actions").dataset.turn;
    const answer = find(`#${turn} .answer`).cloneNode(true);
    for (const extra of answer.querySelectorAll(".facts, .note")) extra.remove();
    await navigator.clipboard.writeText(answer.innerText.replaceAll("\u00a0", " ").trim());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });

  // --- the list of conversations, which waits behind a button where the page is narrow

  footnote.menu = (open) => {
    const button = find("#top .menu");
    document.documentElement.classList.toggle("menu-open", open);
    button.setAttribute("aria-expanded", String(open));
    if (open) find("#chats button")?.focus();
  };
  document.addEventListener("click", (event) => {
    const open = document.documentElement.classList.contains("menu-open");
    if (event.target.closest("#top .menu")) footnote.menu(!open);
    else if (open && !event.target.closest("#left, #confirm")) footnote.menu(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !document.documentElement.classList.contains("menu-open")) return;
    footnote.menu(false);
    find("#top .menu").focus();
  });

  // --- sources or documents beside the answer

  footnote.show = (name) => {
    for (const each of ["sources", "documents"]) {
      const tab = find(`#tab-${each}`);
      tab.setAttribute("aria-selected", String(each === name));
      tab.tabIndex = each === name ? 0 : -1;
    }
    find("#side").dataset.view = name;
  };
  document.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) footnote.show(tab.id.slice("tab-".length));
  });
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.('[role="tab"]');
    if (!tab || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = find(tab.id === "tab-documents" ? "#tab-sources" : "#tab-documents");
    footnote.show(other.id.slice("tab-".length));
    other.focus();
  });

  // --- the newest exchange is kept in view while it grows, until the reader scrolls away from it

  let latest = null;
  let following = true;
  for (const kind of ["wheel", "touchmove", "keydown"]) {
    document.addEventListener(kind, () => (following = false), { passive: true });
  }

  function follow() {
    const exchange = find("#current .exchange");
    const chat = find("#chat-id [data-chat]")?.dataset.chat ?? "";
    const running = exchange?.classList.contains("running") ?? false;
    find("#current").setAttribute("aria-busy", String(running));
    const key = exchange ? chat + exchange.id + exchange.dataset.begun : "";
    if (key !== latest || (running && !find("#current").dataset.ran)) {
      latest = key;
      following = true;
      footnote.show(exchange ? "sources" : "documents");
      find("#side").scrollTo({ top: 0 });
    }
    find("#current").dataset.ran = running ? "yes" : "";
    if (!following || !exchange) return;
    const shown = find("#current").getBoundingClientRect();
    const room = find("#ask").getBoundingClientRect().top;
    const top = find("#top").getBoundingClientRect().bottom;
    const hidden = Math.min(shown.bottom - room, shown.top - top);
    if (shown.top < top || hidden > 0) scrollBy(0, shown.top < top ? shown.top - top : hidden);
  }

  // --- values from the server: the conversation's id, and files to save

  function updateURL() {
    const holder = find("#chat-id [data-chat]");
    if (!holder) return; // the server has not sent it yet
    const chat = holder.dataset.chat;
    const address = new URL(location.href);
    if (chat) address.searchParams.set("chat", chat);
    else address.searchParams.delete("chat");
    if (address.href !== location.href) history.replaceState(null, "", address);
  }

  function save() {
    const file = find("#download [data-save]");
    if (!file) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file.dataset.text], { type: "text/markdown" }));
    link.download = file.dataset.save;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    file.remove();
  }

  footnote.watch = (id, change) =>
    new MutationObserver(change).observe(document.getElementById(id), {
      childList: true,
      subtree: true,
    });

  // Gradio builds the page some time after this script is there.
  footnote.started = new Promise((resolve) => {
    const look = () => (find("#download") && find("#current") ? resolve() : void setTimeout(look, 30));
    look();
  });
  footnote.started.then(() => {
    const now = find("#current");
    now.setAttribute("role", "log");
    now.setAttribute("aria-live", "polite");
    find("#side").setAttribute("role", "complementary");
    find("#side").setAttribute("aria-label", "Sources and documents");
    footnote.show("documents");
    footnote.watch("current", follow);
    footnote.watch("chat-id", updateURL);
    footnote.watch("download", save);
  });
})();

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

  // A modal dialog: resolves to true, to the text entered, or to null if it is cancelled; with
  // another button, that one's resolves to "other".
  footnote.confirm = (text, button, value, other, most = 80) =>
    new Promise((resolve) => {
      const dialog = document.createElement("dialog");
      dialog.id = "confirm";
      dialog.setAttribute("aria-labelledby", "confirm-text");
      dialog.innerHTML =
        '<form method="dialog"><p id="confirm-text"></p><input name="words">' +
        '<div class="bar"><button value="">Cancel</button><button value="yes" class="yes"></button></div></form>';
      const input = find("input", dialog);
      find("p", dialog).textContent = text;
      find(".yes", dialog).textContent = button;
      if (other) {
        const more = document.createElement("button");
        more.value = "other";
        more.textContent = other;
        find(".yes", dialog).before(more);
      }
      if (value === undefined) input.remove();
      else {
        input.maxLength = most;
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
        if (dialog.returnValue === "other") return void resolve("other");
        resolve(yes ? (value === undefined ? true : input.value.trim() || null) : null);
      });
      document.body.append(dialog);
      dialog.showModal();
      // Enter alone does nothing that cannot be undone: with another button, yes is the safe answer.
      if (value === undefined) find(other ? ".yes" : '[value=""]', dialog).focus();
      else input.select();
    });

  const confirmations = {
    delete_chat: ({ title }) => footnote.confirm(`Delete the conversation “${title}”?`, "Delete"),
    edit: ({ question }) => footnote.confirm("Ask instead", "Ask", question, undefined, 4000),
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
      if (action === "edit") detail.question = answer;
    }
    footnote.choosing[action]?.(detail);
    footnote.dispatch(button, action, detail);
    if (action === "open_chat" || action === "delete_chat") footnote.menu?.(false);
    if (["suggest", "ask_only", "ask_not_only"].includes(action)) find("#ask textarea").focus();
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

  // --- an answer is copied as Markdown, and as HTML for what takes that: mail, documents, sheets

  const plain = (node) => node.textContent.replaceAll("\u00a0", " ").replace(/\s+/g, " ").trim();

  function inline(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return node.textContent.replaceAll("\u00a0", " ");
    const inner = [...node.childNodes].map(inline).join("");
    const sign = { STRONG: "**", EM: "*", CODE: "`" }[node.tagName] ?? "";
    return node.tagName === "BR" ? "\n" : sign + inner + sign;
  }

  function tableRows(table) {
    const rows = [...table.rows].map((row) => [...row.cells].map((cell) => plain(cell).replaceAll("|", "\\|")));
    // The column of markers has no name; its markers end the last cell.
    if (find(".cites", table)) {
      for (const row of rows) row.push(`${row.splice(-2, 1)} ${row.pop()}`.trim());
    }
    return rows;
  }

  function markdown(node, indent = "") {
    if (node.nodeType !== Node.ELEMENT_NODE) return plain(node) ? inline(node).trim() : "";
    const inside = (more = "") => [...node.childNodes].map((each) => markdown(each, indent + more)).filter(Boolean);
    if (node.tagName === "TABLE") {
      const [head, ...rows] = tableRows(node);
      return [head, head.map(() => "-"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
    }
    if (node.tagName === "UL" || node.tagName === "OL") {
      const marks = [...node.children].map((_, at) => (node.tagName === "OL" ? `${(node.start || 1) + at}.` : "-"));
      return [...node.children].map((item, at) => `${indent}${marks[at]} ${markdown(item, `${indent}   `)}`).join("\n");
    }
    if (node.tagName === "PRE") return `\`\`\`\n${node.textContent.trimEnd()}\n\`\`\``;
    if (node.tagName === "H4") return `#### ${inline(node).trim()}`;
    if (node.tagName === "BLOCKQUOTE") return inside().join("\n\n").replace(/^/gm, "> ");
    if (node.tagName === "LI") {
      const nested = [...node.children].filter((each) => /^[UO]L$/.test(each.tagName));
      const words = [...node.childNodes].filter((each) => !nested.includes(each)).map(inline).join("").trim();
      return [words, ...nested.map((list) => markdown(list, indent))].join("\n");
    }
    if (["DIV", "SECTION"].includes(node.tagName)) return inside().join("\n\n");
    return inline(node).trim();
  }

  async function copy(answer) {
    const text = markdown(answer);
    for (const node of answer.querySelectorAll("*")) {
      if (node.matches("a.marker")) node.replaceWith(node.textContent);
      else for (const { name } of [...node.attributes]) if (name !== "start") node.removeAttribute(name);
    }
    for (const table of answer.querySelectorAll("table")) table.setAttribute("border", "1");
    const kinds = { "text/plain": text, "text/html": answer.innerHTML };
    const blobs = Object.entries(kinds).map(([type, value]) => [type, new Blob([value], { type })]);
    if (window.ClipboardItem) await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
    else await navigator.clipboard.writeText(text);
  }

  // --- a table that is wider than its place says that it scrolls, and can be scrolled by keys

  function measure() {
    for (const box of document.querySelectorAll("#chat .scroll, #sources .grid")) {
      const wide = box.scrollWidth > box.clientWidth + 1;
      box.toggleAttribute("data-wide", wide);
      if (!wide) for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      else {
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", "Table, scrolls sideways");
      }
    }
  }
  window.addEventListener("resize", measure);
  document.addEventListener("toggle", measure, true); // passages that were folded away

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const turn = button.closest(".actions").dataset.turn;
    const answer = find(`#${turn} .answer`).cloneNode(true);
    for (const extra of answer.querySelectorAll(".facts, .note, .visually-hidden")) extra.remove();
    await copy(answer);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });

  // --- a question that is too long is told before it is sent, and stays as it is

  const overLimit = () => {
    const told = find("#limit p");
    const length = find("#ask textarea")?.value.trim().length ?? 0;
    if (!told) return false;
    const over = length - Number(told.dataset.most);
    told.hidden = over <= 0;
    if (over > 0) told.textContent = `${over.toLocaleString()} characters too long to be asked`;
    return over > 0;
  };
  document.addEventListener("input", ({ target }) => target.matches("#ask textarea") && overLimit());
  for (const kind of ["keydown", "click"]) {
    document.addEventListener(
      kind,
      (event) => {
        const sends = kind === "click" ? event.target.closest("#ask button.submit-button") :
          event.key === "Enter" && !event.shiftKey && event.target.matches("#ask textarea");
        if (!sends || !overLimit()) return;
        event.preventDefault();
        event.stopImmediatePropagation();
      },
      true,
    );
  }

  // --- what is written and not sent is there again when the page is loaded anew, as it is by itself
  // once a lost connection is back

  const DRAFT = "footnote-draft";
  window.addEventListener("pagehide", () => {
    const text = find("#ask textarea")?.value ?? "";
    if (text.trim()) sessionStorage.setItem(DRAFT, text);
    else sessionStorage.removeItem(DRAFT);
  });
  function restoreDraft() {
    const box = find("#ask textarea");
    const text = sessionStorage.getItem(DRAFT);
    if (!text || !box || box.value) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // --- the list of conversations, which waits behind a button where the page is narrow

  footnote.menu = (open) => {
    const button = find("#top .menu");
    document.documentElement.classList.toggle("menu-open", open);
    button.setAttribute("aria-expanded", String(open));
    if (open) find("#chats .chats button")?.focus();
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
    measure();
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

  const ROOM_ABOVE = 16; // pixels between the bar and the question
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
    updateURL(); // an answer that is shown has its conversation in the URL
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
    const next = find("#suggestions .next:not([hidden])")?.getBoundingClientRect();
    const bottom = Math.max(shown.bottom, next?.bottom ?? 0);
    const room = find("#ask").getBoundingClientRect().top;
    const top = find("#top").getBoundingClientRect().bottom + ROOM_ABOVE;
    const hidden = Math.min(bottom - room, shown.top - top);
    if (shown.top < top || hidden > 0) scrollBy(0, shown.top < top ? shown.top - top : hidden);
  }

  // What to ask next belongs to one answer: it may come when another is shown already.
  function suggest() {
    const next = find("#suggestions .next");
    if (!next) return;
    const { chat, turn } = next.dataset;
    next.hidden = chat !== shownChat() || turn !== find("#current .exchange")?.id;
    follow();
  }

  // --- values from the server: the conversation's id, and files to save

  // Each conversation that is opened is an entry of the browser's history.
  const shownChat = () => find("#chat-id [data-chat]")?.dataset.chat;
  let replaces = true;
  let left; // the conversation that the way back leads away from, which is shown a moment longer
  function updateURL() {
    const chat = shownChat();
    if (chat === undefined || chat === left) return; // the server has not sent it yet
    left = undefined;
    const address = new URL(location.href);
    if (chat) address.searchParams.set("chat", chat);
    else address.searchParams.delete("chat");
    if (address.href !== location.href) {
      if (replaces) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
    }
    replaces = false;
  }

  window.addEventListener("popstate", () => {
    const chat = new URL(location.href).searchParams.get("chat") ?? "";
    left = undefined;
    if (chat === (shownChat() ?? "")) return;
    left = shownChat();
    replaces = true; // what is not there any more leaves no entry
    if (chat) footnote.dispatch(find("#chats .chats"), "open_chat", { chat });
    else footnote.dispatch(find("#new-chat button"), "new_chat");
  });

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

  // Calls `change` after an element was changed. What `change` itself writes there is not heard: it
  // would be called again and again, and the page would answer nothing any more.
  footnote.watch = (id, change) => {
    const observer = new MutationObserver(() => {
      change();
      observer.takeRecords();
    });
    observer.observe(document.getElementById(id), {
      childList: true,
      subtree: true,
      // Gradio may change these in place, in the element that is there.
      attributeFilter: ["data-chat", "data-turn", "data-number", "data-words"],
    });
  };

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
    for (const id of ["past", "current", "sources"]) footnote.watch(id, measure);
    footnote.watch("suggestions", suggest);
    restoreDraft();
    footnote.watch("chat-id", updateURL);
    footnote.watch("download", save);
  });
})();

// The documents panel: files are added by a click or dropped, and the panel follows the sync.
(() => {
  "use strict";

  const { find, started, dispatch } = window.footnote;
  const POLL_MS = 700;
  let timer;
  let list; // the progress of each file

  function line(file) {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const bar = document.createElement("progress");
    const status = document.createElement("span");
    name.className = "title";
    name.textContent = file.name;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Sending ${file.name}`);
    status.className = "path";
    item.append(name, bar, status);
    list.append(item);
    return { item, bar, status };
  }

  // "notes.md", then "notes (2).md" and so on.
  function renamed(name, number) {
    const dot = name.lastIndexOf(".");
    return dot > 0 ? `${name.slice(0, dot)} (${number})${name.slice(dot)}` : `${name} (${number})`;
  }

  // Sends a file; one whose name is taken is asked about, and nothing is overwritten unasked.
  async function send(file) {
    const shown = line(file);
    let name = file.name;
    let request = await put(file, name, shown.bar, false);
    if (request.status === 412) {
      const text = `A file “${name}” is in the folder already. Replace it with this one?`;
      const answer = await window.footnote.confirm(text, "Keep both", undefined, "Replace");
      if (answer === null) return void shown.item.remove();
      for (let number = 2; request.status === 412; number += 1) {
        if (answer === true) name = renamed(file.name, number);
        request = await put(file, name, shown.bar, answer === "other");
      }
    }
    shown.bar.remove();
    const taken = request.status >= 200 && request.status < 300;
    shown.item.className = taken ? "taken" : "fault";
    find(".title", shown.item).textContent = name;
    shown.status.textContent = taken ? "Received, being indexed…" : refusal(request);
    return taken ? { name: folder() + name.normalize("NFC"), item: shown.item } : null;
  }

  function put(file, name, bar, replaces) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("PUT", `/v1/documents/${folder()}${encodeURIComponent(name)}`);
      if (!replaces) request.setRequestHeader("If-None-Match", "*");
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) bar.value = event.loaded / event.total;
      });
      request.addEventListener("loadend", () => resolve(request));
      request.send(file);
    });
  }

  // What leads the path of a file that is added: the collection, where there are several.
  const folder = () => find("#documents .pick")?.dataset.folder ?? "";

  function refusal(request) {
    try {
      return JSON.parse(request.responseText).error.message;
    } catch {
      return request.status ? `The server refused it (${request.status}).` : "The connection broke.";
    }
  }

  async function add(files) {
    window.footnote.show("documents");
    for (const done of list.querySelectorAll("li.fault, li.indexed")) done.remove();
    const sent = [];
    for (const file of files) sent.push(await send(file));
    refresh();
    await synced();
    const { documents } = await ask("/v1/documents");
    for (const file of sent) if (file) showResult(file, documents);
    refresh();
  }

  const ask = async (address) => (await fetch(address)).json();
  const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));

  async function synced() {
    do await pause();
    while ((await ask("/v1/sync")).running);
  }

  // A file that was sent is indexed by now, or the list says why not, or it was deleted meanwhile.
  function showResult({ name, item }, documents) {
    const found = documents.find((each) => each.path === name);
    if (!found) return item.remove();
    const { failure } = found;
    item.className = failure ? "fault" : "indexed";
    find(".path", item).textContent = failure ?? "Indexed: ask about it.";
    if (!failure) dispatch(find("#documents .documents"), "suggest", { document: encodeURIComponent(name) });
  }

  // Polls while a sync runs.
  function refresh() {
    clearTimeout(timer);
    dispatch(find("#documents .documents"), "refresh");
    timer = setTimeout(watch, POLL_MS);
  }

  let isFirst = false; // the documents are read for the first time

  function watch() {
    const panel = find("#documents .documents");
    const was = isFirst;
    isFirst = panel?.matches(".first") ?? isFirst;
    if (was && !isFirst) return void dispatch(panel, "indexed");
    if (panel?.matches(".running")) refresh();
  }

  function filter(box) {
    const wanted = box.value.trim().toLowerCase();
    for (const item of box.parentElement.querySelectorAll(":scope > ul > li")) {
      item.hidden = !item.textContent.toLowerCase().includes(wanted);
    }
  }

  started.then(() => {
    const panel = find("#documents");
    list = document.createElement("ul");
    list.id = "uploads";
    list.setAttribute("aria-label", "Files sent");
    list.setAttribute("aria-live", "polite");
    panel.before(list);
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.hidden = true;
    input.id = "files";
    input.setAttribute("aria-label", "Documents to add");
    panel.before(input);
    input.addEventListener("change", () => {
      add([...input.files]);
      input.value = "";
    });
    document.addEventListener("click", (event) => {
      const pick = event.target.closest("#documents .pick");
      if (!pick) return;
      input.accept = pick.dataset.accept.replaceAll(" ", ",");
      input.click();
    });
    document.addEventListener("input", (event) => {
      if (event.target.matches("#documents .filter")) filter(event.target);
    });
    const side = find("#side");
    const open = () => find("#documents .pick") !== null;
    for (const kind of ["dragover", "dragleave", "drop"]) {
      document.addEventListener(kind, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        side.classList.toggle("dropping", kind === "dragover" && open());
        if (kind === "drop" && open()) add([...event.dataTransfer.files]);
      });
    }
    // What was sent and read stands in the list of documents; its card goes when one asks on.
    window.footnote.watch("current", () => {
      for (const done of list.querySelectorAll("li.indexed")) done.remove();
    });
    window.footnote.watch("documents", () => {
      clearTimeout(timer);
      timer = setTimeout(watch, POLL_MS);
    });
  });
})();

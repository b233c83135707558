"use strict";
// The form works without this. With it files are sent one by one, beside the typing: each shows how far it is, and one
// that failed is sent again alone.
(() => {
  const form = document.getElementById("submission");
  const words = form.dataset;
  const drop = document.getElementById("drop");
  const input = document.getElementById("files");
  const list = document.getElementById("list");
  const said = document.getElementById("said");
  const send = document.getElementById("send");
  const notes = document.getElementById("uploads");
  const label = send.textContent;
  const most = Number(words.mostFiles);
  const largest = Number(words.fileBytes);
  const AT_ONCE = 3;
  const items = [];
  let wanted = false; // the form was sent and waits for its files
  let walking = 0; // dropped folders whose files are not all known yet

  const folder = document.createElement("input");
  folder.type = "file";
  folder.webkitdirectory = true;

  form.noValidate = true;
  input.removeAttribute("name"); // the files go on their own
  input.classList.add("behind");
  input.tabIndex = -1;
  input.setAttribute("aria-hidden", "true");
  document.querySelector("[data-script]").hidden = false;
  document.querySelector('label[for="files"]').addEventListener("click", (event) => { event.preventDefault(); input.click(); });
  document.getElementById("choose-files").addEventListener("click", () => input.click());
  document.getElementById("choose-folder").addEventListener("click", () => folder.click());
  for (const chooser of [input, folder]) {
    chooser.addEventListener("change", () => {
      add([...chooser.files].map((file) => [file, file.webkitRelativePath || file.name]));
      chooser.value = "";
    });
  }

  for (const type of ["dragenter", "dragover"]) {
    drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const type of ["dragleave", "drop"]) {
    drop.addEventListener(type, () => drop.classList.remove("over"));
  }
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    if (!entries.some((entry) => entry && entry.isDirectory)) {
      add([...event.dataTransfer.files].map((file) => [file, file.name]));
      return;
    }
    const found = [];
    walking += 1;
    said.textContent = words.reading;
    for (const entry of entries) if (entry) await walk(entry, "", found);
    walking -= 1;
    add(found);
  });

  async function walk(entry, path, found) {
    if (found.length > 10 * most) return;
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null);
      found.push([file, path + entry.name]);
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => null);
      if (!batch) found.push([null, path + entry.name]);
      if (!batch || !batch.length) return;
      for (const inner of batch) await walk(inner, `${path}${entry.name}/`, found);
    }
  }

  function add(files) {
    for (const [file, name] of files) {
      if (name.split("/").some((part) => part.startsWith("."))) continue;
      if (items.some((item) => item.name === name && item.file?.size === file?.size)) continue;
      const item = { file, name, state: "waiting", note: "", request: null };
      items.push(item);
      show(item);
      const count = items.filter((other) => other.state !== "refused").length;
      if (!file) mark(item, "failed", words.unreadable);
      else if (count > most) refuse(item, words.tooMany);
      else if (file.size > largest) refuse(item, words.tooLarge);
      else if (!file.size) refuse(item, words.empty);
    }
    next();
  }

  function show(item) {
    const row = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = item.name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", item.name);
    const state = document.createElement("span");
    state.className = "state";
    const again = button(words.again, () => { item.state = "waiting"; next(); });
    again.hidden = true;
    const remove = button(words.remove, () => {
      if (item.request) item.request.abort();
      items.splice(items.indexOf(item), 1);
      row.remove();
      next();
      (list.querySelector("button:not([hidden])") || document.getElementById("choose-files")).focus();
    });
    remove.setAttribute("aria-label", `${words.remove}: ${item.name}`);
    again.setAttribute("aria-label", `${words.again}: ${item.name}`);
    row.append(name, bar, state, again, remove);
    list.append(row);
    list.hidden = false;
    Object.assign(item, { row, bar, label: state, againButton: again });
    mark(item, "waiting", words.waiting);
  }

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "quiet";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }

  function mark(item, state, text) {
    item.state = state;
    item.row.dataset.state = state;
    item.label.textContent = text;
    item.againButton.hidden = state !== "failed" || !item.file; // without a file there is nothing to send
  }

  function refuse(item, why) { mark(item, "refused", why); }

  function next() {
    while (items.filter((item) => item.state === "sending").length < AT_ONCE) {
      const item = items.find((other) => other.state === "waiting");
      if (!item) break;
      upload(item, 0);
    }
    const sent = items.filter((item) => item.state === "done");
    notes.value = sent.map((item) => item.note).join(" ");
    const all = items.filter((item) => item.state !== "refused").length;
    const kept = all ? words.summary.replace("%done%", sent.length).replace("%all%", all) : "";
    said.textContent = walking ? words.reading : kept;
    list.hidden = !items.length;
    const open = walking || items.some((item) => item.state === "waiting" || item.state === "sending");
    if (wanted && !open) finish();
  }

  function upload(item, tries) {
    mark(item, "sending", words.sending);
    const request = new XMLHttpRequest();
    item.request = request;
    request.open("POST", "/uploads");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-File-Name", encodeURIComponent(item.name.toWellFormed ? item.name.toWellFormed() : item.name));
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) item.bar.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => {
      item.request = null;
      if (!items.includes(item)) return;
      if (request.status === 201) {
        item.note = JSON.parse(request.responseText).upload;
        item.bar.value = 1;
        mark(item, "done", words.done);
      } else if ([429, 503].includes(request.status) && tries < 5) {
        const wait = Number(request.getResponseHeader("Retry-After")) || 2;
        setTimeout(() => { if (items.includes(item)) upload(item, tries + 1); }, 1000 * Math.min(wait, 60));
        return;
      } else {
        mark(item, "failed", words.failed);
      }
      next();
    });
    request.send(item.file);
  }

  const checks = {
    company_name: (value) => value.trim() !== "" && value.length <= 200,
    use_cases_count: (value, field) => field.validity.valid,
    readiness_score: (value, field) => field.validity.valid,
    google_drive_link: (value, field) => field.validity.valid && (!value || value.startsWith("https://")),
  };
  for (const name of Object.keys(checks)) {
    const field = document.getElementById(name);
    field.addEventListener("blur", () => { if (field.value || field.hasAttribute("aria-invalid")) check(name); });
    field.addEventListener("input", () => { if (field.hasAttribute("aria-invalid")) check(name); });
  }

  function check(name) {
    const field = document.getElementById(name);
    const fine = checks[name](field.value, field);
    if (fine) field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
    document.getElementById(`${name}-wrong`).hidden = fine;
    return fine;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (wanted) return;
    const wrong = Object.keys(checks).filter((name) => !check(name));
    if (wrong.length) { document.getElementById(wrong[0]).focus(); return; }
    if (items.some((item) => item.state === "failed")) {
      said.textContent = words.someFailed;
      list.querySelector('[data-state="failed"] button:not([hidden])').focus();
      return;
    }
    wanted = true;
    send.disabled = true;
    send.textContent = words.uploading;
    next();
  });

  function finish() {
    if (items.some((item) => item.state === "failed")) {
      wanted = false;
      send.disabled = false;
      send.textContent = label;
      said.textContent = words.someFailed;
      list.querySelector('[data-state="failed"] button:not([hidden])').focus();
      return;
    }
    send.textContent = words.submitting;
    form.submit();
  }

  addEventListener("pageshow", (event) => {
    if (event.persisted) { wanted = false; send.disabled = false; send.textContent = label; }
  });
  const summary = document.getElementById("summary");
  if (summary) summary.focus();
})();

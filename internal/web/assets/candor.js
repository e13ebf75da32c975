// Everything here is a convenience: each page works without it.
"use strict";

// Texts come from the server, which reads them from the one catalogue.
const say = (text, ...args) => { let i = 0; return (globalThis.candorTexts?.[text] ?? text).replace(/%s/g, () => args[i++]); };
const $ = (s, in_ = document) => in_.querySelector(s);
const $$ = (s, in_ = document) => [...in_.querySelectorAll(s)];

// --- keyboard
const typing = (e) => e.target.closest("input, textarea, select, dialog, [contenteditable]");
let at = -1;

function step(by) {
  const hits = $$(".hit");
  if (!hits.length) return false;
  at = Math.min(hits.length - 1, Math.max(0, at + by));
  hits.forEach((h, i) => h.classList.toggle("at", i === at));
  $(".hit-title", hits[at]).focus({ preventScroll: true });
  hits[at].scrollIntoView({ block: "nearest" });
  return true;
}

let mark = -1;
function stepMark(by) {
  const marks = $$(".sheet-row mark");
  if (!marks.length) return false;
  marks[mark]?.classList.remove("here");
  mark = (mark + by + marks.length) % marks.length;
  marks[mark].classList.add("here");
  marks[mark].scrollIntoView({ block: "center" });
  return true;
}

const keys = {
  "/": () => { const q = $("#q"); if (!q) return false; q.focus(); q.select(); return true; },
  "j": () => step(1),
  "k": () => step(-1),
  "n": () => stepMark(1),
  "p": () => stepMark(-1),
  "?": () => { $("#keys").showModal(); return true; },
};

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "Escape") {
    if (e.target.id === "q") e.target.blur();
    const open = $(".me[open], .mark[open], .strip details[open]");
    if (open) { open.open = false; $("summary", open).focus(); }
    return;
  }
  if (typing(e) || !keys[e.key]) return;
  if (keys[e.key]()) e.preventDefault();
});
document.addEventListener("focusin", (e) => {
  const hit = e.target.closest?.(".hit");
  if (hit) at = $$(".hit").indexOf(hit);
});

// While somebody types, the last word is completed. All that is offered stands in
// the page, so that typing asks the server nothing.
const offers = $("#offers");
if (offers) {
  const all = $$("option", offers).map((o) => o.value);
  $("#q").addEventListener("input", (e) => {
    const [, before, last] = e.target.value.match(/^(.*[\s(])?([^\s(]*)$/s);
    const begin = last.toLowerCase().replace(/^"/, "");
    const fits = before && begin ? all.filter((s) => s.toLowerCase().replace(/^"/, "").startsWith(begin)).map((s) => before + s) : all;
    offers.replaceChildren(...fits.slice(0, 100).map((s) => new Option("", s)));
  });
}

// --- a question: the answer is shown sentence by sentence, as it comes
for (const form of $$("form.box")) form.addEventListener("submit", async (e) => {
  if ($("#mode", form)?.value !== "ask" || !$("#q", form).value.trim() || form.dataset.asked) return;
  e.preventDefault();
  form.dataset.asked = "1";
  const panel = document.createElement("section");
  panel.className = "answer aloud";
  panel.setAttribute("aria-live", "polite");
  const state = panel.appendChild(document.createElement("p"));
  state.className = "quiet";
  state.textContent = say("Looking for passages…");
  $(".aloud")?.remove();
  form.after(panel);
  const told = (line) => {
    if (line.found !== undefined) state.textContent = say("%s items found; the answer is being written …", line.found);
    if (line.sentence) panel.insertBefore(document.createElement("p"), state).textContent = line.sentence;
    if (line.error) { state.textContent = line.error; delete form.dataset.asked; }
    if (line.page) location.assign(line.page);
  };
  try {
    const res = await fetch("/ask", { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!res.ok) throw new Error();
    const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const l of lines) told(JSON.parse(l));
    }
  } catch { told({ error: say("The answer broke off. The question is on the record; ask it again.") }); }
});

// Open sheets close when something else is pressed.
document.addEventListener("click", (e) => {
  for (const d of $$(".me[open], .mark[open], .strip details[open]")) if (!d.contains(e.target)) d.open = false;
});

// --- work in the background: the page tells how far it is
async function live() {
  const shown = $("#live[data-going]");
  if (!shown) return;
  const res = await fetch(location.href).catch(() => null);
  const next = res?.ok && $("#live", new DOMParser().parseFromString(await res.text(), "text/html"));
  if (next && !shown.contains(document.activeElement)) shown.replaceWith(next);
  setTimeout(live, 3000);
}
if ($("#live")) setTimeout(live, 3000);

// --- facets: wide screens show them, and a choice applies itself
const player = $(".listen audio");
document.addEventListener("click", (e) => {
  const time = e.target.closest("a.time");
  if (!time || !player) return;
  e.preventDefault();
  player.src = time.href;
  player.play().catch(() => {}); // the browser says so on the player itself
});

const wide = matchMedia("(min-width: 821px)");
const fold = $(".fold");
if (fold) {
  const set = () => { fold.open = wide.matches; };
  set();
  wide.addEventListener("change", set);
}
for (const form of $$("form[data-auto]")) {
  form.addEventListener("change", (e) => { if (wide.matches && e.target.matches("[type=checkbox], select")) form.requestSubmit(); });
}

// --- how long an opened item stays readable
for (const el of $$("[data-left]")) {
  const end = performance.now() / 1000 + Number(el.dataset.left);
  const tick = () => {
    const left = Math.floor(end - performance.now() / 1000);
    if (left <= 0) el.textContent = say("closed; reload to open it again");
    else if (left < 60) el.textContent = say("readable for less than a minute");
    else el.textContent = left < 120 ? say("readable for 1 minute") : say("readable for %s minutes", Math.floor(left / 60));
  };
  tick();
  setInterval(tick, 15000);
}

// --- the receipt mark: checked here, without asking anybody
const bytes = (b64) => Uint8Array.from(atob(b64), (c) => c.charCodeAt(0));
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
const join = (...parts) => { const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0)); let i = 0; for (const p of parts) { out.set(p, i); i += p.length; } return out; };
const sha = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));

// A tlog-proof, see https://c2sp.org/tlog-proof.
function parseReceipt(text) {
  const cut = text.indexOf("\n\n");
  const head = text.slice(0, cut).split("\n");
  const note = text.slice(cut + 2);
  const end = note.indexOf("\n\n");
  const body = note.slice(0, end + 1);
  const [origin, size, root] = body.split("\n");
  if (head[0] !== "c2sp.org/tlog-proof@v1" || cut < 0 || end < 0) throw new Error("not a receipt");
  return {
    leaf: bytes(head[1].replace(/^extra /, "")), index: Number(head[2].replace(/^index /, "")),
    hashes: head.slice(3).map(bytes), body, origin, size: Number(size), root: bytes(root),
    signatures: note.slice(end + 2).split("\n").filter((l) => l.startsWith("— ")).map((l) => l.slice(2).split(" ")),
  };
}

// RFC 9162, section 2.1.3.2.
async function rootOf(r) {
  let f = r.index, s = r.size - 1, hash = await sha(new Uint8Array([0]), r.leaf);
  for (const p of r.hashes) {
    if (s === 0) throw new Error("too many hashes");
    if (f % 2 === 1 || f === s) {
      hash = await sha(new Uint8Array([1]), p, hash);
      while (f % 2 === 0 && f !== 0) { f = Math.floor(f / 2); s = Math.floor(s / 2); }
    } else {
      hash = await sha(new Uint8Array([1]), hash, p);
    }
    f = Math.floor(f / 2); s = Math.floor(s / 2);
  }
  if (s !== 0) throw new Error("too few hashes");
  return hash;
}

// A verifier key: name+id+base64 of the algorithm's number (1: a log's signature,
// 4: a witness's cosignature/v1) and the public key.
function parseKey(text) {
  const m = /^(.+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  return m && { name: m[1], id: m[2], algorithm: bytes(m[3])[0], key: bytes(m[3]).slice(1) };
}

// true or false; null when this browser or page cannot tell.
async function signed(r, keyText, algorithm) {
  const k = parseKey(keyText);
  if (k?.algorithm !== algorithm) return null;
  const keyed = (sig) => [...sig.slice(0, 4)].map((b) => b.toString(16).padStart(2, "0")).join("") === k.id;
  let sig = r.signatures.filter(([name]) => name === k.name).map(([, b64]) => bytes(b64)).find(keyed)?.slice(4);
  if (!sig) return false;
  let text = r.body;
  if (algorithm === cosignature) { // https://c2sp.org/tlog-cosignature
    if (sig.length !== 72) return false;
    text = `cosignature/v1\ntime ${new DataView(sig.buffer, sig.byteOffset).getBigUint64(0)}\n${text}`;
    sig = sig.slice(8);
  }
  let pub;
  try { pub = await crypto.subtle.importKey("raw", k.key, "Ed25519", false, ["verify"]); } catch { return null; }
  return crypto.subtle.verify("Ed25519", pub, sig, new TextEncoder().encode(text));
}
const signature = 1, cosignature = 4;

// The names of the witnesses whose cosignature holds.
async function cosigners(r, keys) {
  const hold = await Promise.all(keys.map((key) => signed(r, key, cosignature)));
  return keys.filter((_, i) => hold[i]).map((key) => parseKey(key).name);
}

async function checkReceipt(details) {
  const r = parseReceipt(new TextDecoder().decode(bytes(details.dataset.receipt)));
  if (!(r.index < r.size) || !same(await rootOf(r), r.root)) return [false, say("This receipt does not hold: the record is not in the log that its checkpoint describes. Save it and show it to the auditor.")];
  const n = r.size.toLocaleString("en");
  const names = await cosigners(r, (details.dataset.witnesses ?? "").split(" ").filter(Boolean));
  switch (await signed(r, details.dataset.key, signature)) {
    case true:
      if (names.length < Number(details.dataset.quorum ?? 0)) return [false, say("This receipt does not hold: fewer witnesses have cosigned its checkpoint than this archive asks for. Save it and show it to the auditor.")];
      if (names.length > 0) return [true, say("Checked here, offline: the record is in the log of %s records. The log signed that, and as witnesses cosigned: %s.", n, names.join(", "))];
      return [true, say("Checked here, offline: the record is in the log of %s records, and the log signed that.", n)];
    case false: return [false, say("This receipt does not hold: its checkpoint is not signed by this archive’s log. Save it and show it to the auditor.")];
  }
  return [true, say("Checked here, offline: the record is in the log of %s records. The signature was not checked; the command below does it.", n)];
}

if (globalThis.crypto?.subtle) {
  for (const d of $$(".mark")) {
    const button = $(".check-it", d), line = $(".mark-check", d);
    button.hidden = false;
    button.addEventListener("click", async () => {
      let ok = false, text = say("This receipt could not be read. Save it and show it to the auditor.");
      try { [ok, text] = await checkReceipt(d); } catch (e) { text = say("This receipt does not hold: %s. Save it and show it to the auditor.", e.message); }
      line.classList.toggle("bad", !ok);
      line.textContent = text;
    });
  }
}

// --- adding
const addForm = $("#add");
if (addForm) adding(addForm);

function adding(form) {
  const drop = $("#drop"), chosen = $("#chosen"), stop = $("#stop");
  let files = [], running = false, stopped = false;

  const size = (n) => { const u = ["bytes", "kB", "MB", "GB", "TB"]; let i = 0; while (n >= 999.5 && i < 4) { n /= 1000; i++; } return `${i && n < 9.95 ? n.toFixed(1) : Math.round(n)} ${u[i]}`; };
  const time = (s) => s < 60 ? say("less than a minute") : s < 3600 ? say("%s min", Math.round(s / 60)) : say("%s h", (s / 3600).toFixed(1));
  const total = () => files.reduce((n, f) => n + f.file.size, 0);
  const tell = () => { chosen.textContent = files.length ? say(files.length === 1 ? "%s file, %s" : "%s files, %s", files.length.toLocaleString("en"), size(total())) : say("Nothing chosen yet."); };
  const take = (list) => { for (const file of list) files.push({ file, path: file.webkitRelativePath || file.name }); tell(); };

  for (const input of $$("input[type=file]", form)) input.addEventListener("change", () => take(input.files));
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (e) => { e.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (e) => { e.preventDefault(); drop.classList.remove("over"); });
  drop.addEventListener("drop", async (e) => {
    const entries = [...e.dataTransfer.items].map((i) => i.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.length) return take(e.dataTransfer.files);
    for (const entry of entries) await walk(entry);
    tell();
  });
  async function walk(entry) {
    if (entry.isFile) {
      const file = await new Promise((ok) => entry.file(ok, () => ok(null)));
      if (file) files.push({ file, path: entry.fullPath.replace(/^\//, "") });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((ok) => reader.readEntries(ok, () => ok([])));
      if (!some.length) return;
      for (const e of some) await walk(e);
    }
  }

  async function ask(path, options) {
    const res = await fetch(path, { method: "POST", ...options, headers: { Accept: "application/json", ...options?.headers } });
    const body = await res.json().catch(() => ({}));
    if (!res.ok) throw new Error(body.error?.message || say("The server answered %s. Try again.", res.status));
    return body;
  }
  // XMLHttpRequest tells how much was sent; fetch does not.
  function send(path, file, sent) {
    return new Promise((ok, fail) => {
      const x = new XMLHttpRequest();
      x.open("POST", path);
      x.setRequestHeader("Accept", "application/json");
      x.upload.onprogress = (e) => sent(e.loaded);
      x.onload = () => { if (x.status === 200) return ok(JSON.parse(x.response)); let m; try { m = JSON.parse(x.response).error.message; } catch { m = say("The server answered %s. Try again.", x.status); } fail(Object.assign(new Error(m), { answered: true })); };
      x.onerror = () => fail(new Error("unreadable"));
      x.send(file);
    });
  }

  form.addEventListener("submit", async (e) => {
    if (!files.length) return;
    e.preventDefault();
    if (running) return;
    running = true; stopped = false; stop.hidden = false;
    $("#progress").hidden = false;
    try { await run(); } catch (err) { $("#progress-line").textContent = err.message; } finally { running = false; stop.hidden = true; }
  });
  stop.addEventListener("click", () => { stopped = true; });
  addEventListener("beforeunload", (e) => { if (running) e.preventDefault(); });

  async function run() {
    const data = new FormData(form);
    const { id } = await ask("/add/begin", { body: new URLSearchParams({ collection: data.get("collection"), source: data.get("source"), expected: files.length }) });
    const known = [];
    for (let i = 0; i < files.length; i += 2000) {
      const part = files.slice(i, i + 2000).map((f) => ({ path: f.path, bytes: f.file.size, mtime: f.file.lastModified }));
      known.push(...await ask(`/add/${id}/known`, { body: JSON.stringify(part) }));
    }
    const todo = files.filter((_, i) => !known[i]);
    const all = todo.reduce((n, f) => n + f.file.size, 0), began = performance.now();
    let done = 0, sent = 0, sinceCommit = 0;
    const show = (now) => {
      const b = sent + now, seconds = (performance.now() - began) / 1000, rate = b / Math.max(seconds, .1);
      $("#bar").value = all ? b / all : 1;
      $("#progress-line").textContent = say("%s of %s files, %s of %s", done.toLocaleString("en"), todo.length.toLocaleString("en"), size(b), size(all)) + (files.length > todo.length ? say("; %s held already", files.length - todo.length) : "");
      $("#progress-rate").textContent = seconds < 2 ? "" : say("%s/s, %s files/s, %s left", size(rate), (done / seconds).toFixed(1), time((all - b) / Math.max(rate, 1)));
    };
    for (const f of todo) {
      if (stopped) break;
      const q = new URLSearchParams({ path: f.path, mtime: f.file.lastModified });
      try { await send(`/add/${id}/file?${q}`, f.file, show); }
      catch (err) { if (err.answered) throw err; await ask(`/add/${id}/fail?${q}`, {}); }
      done++; sent += f.file.size; sinceCommit++;
      show(0);
      if (sinceCommit >= 100) { sinceCommit = 0; await ask(`/add/${id}/commit`, {}); }
    }
    await ask(`/add/${id}/commit`, { body: new URLSearchParams({ finish: stopped ? "no" : "yes" }) });
    running = false;
    location.assign(`/additions/${id}`);
  }
}

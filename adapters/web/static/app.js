// The ticket view's script. Pages work without it: every change is a plain form.
// With it, forms are sent with fetch, and what is new comes over one stream and is
// shown by putting in the pieces that the server rendered.

document.documentElement.classList.add("script");

const ticket = document.getElementById("ticket");

// --- times: the server writes UTC, people read their own clock

const sameDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const sameYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const anyDay = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localTimes(root) {
  for (const el of root.querySelectorAll("time[datetime]")) {
    const t = new Date(el.dateTime), now = new Date();
    if (Number.isNaN(t.getTime()) || el.closest(".body")) continue;
    const style = t.toDateString() === now.toDateString() ? sameDay : t.getFullYear() === now.getFullYear() ? sameYear : anyDay;
    el.textContent = style.format(t);
    el.title = anyDay.format(t);
  }
}

document.addEventListener("sidebridge:put", (e) => localTimes(e.detail)); // what another script has put in

// --- pieces: elements with an id take the place of the one on the page that has
// it; new ones go into the element that data-into names

function nearEnd(log) {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

function scrollToEnd(log) {
  log.scrollTop = log.scrollHeight;
}

// keepOpen carries forms that somebody has open, and what they typed, over to the
// piece that takes the place of the old one.
function keepOpen(old, fresh) {
  for (const open of old.querySelectorAll("details[open][data-keep]")) {
    fresh.querySelector(`details[data-keep="${open.dataset.keep}"]`)?.replaceWith(open);
  }
}

function put(piece) {
  if (piece.dataset.order !== undefined) return reorder(piece);
  const old = document.getElementById(piece.id);
  if (old) {
    if (piece.dataset.once !== undefined) return;
    const active = old.contains(document.activeElement) ? document.activeElement : null;
    const selection = active && "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
    keepOpen(old, piece);
    old.replaceWith(piece);
    if (active?.isConnected) {
      active.focus({ preventScroll: true });
      if (selection?.[0] != null) active.setSelectionRange(...selection);
    } else if (active) { // what had the focus is gone: take what is in its place, or stay near it
      const kept = active.closest("details[data-keep]")?.dataset.keep;
      (kept && piece.querySelector(`details[data-keep="${kept}"] > summary`) || piece.closest("[tabindex]"))?.focus({ preventScroll: true });
    }
  } else {
    const into = document.getElementById(piece.dataset.into);
    if (!into) return;
    const follow = nearEnd(into);
    if (piece.dataset.first !== undefined) into.prepend(piece);
    else into.append(piece);
    piece.classList.add("fresh");
    if (follow && into.classList.contains("log")) scrollToEnd(into);
    document.getElementById("no-talks")?.remove();
  }
  localTimes(piece);
  for (const state of piece.matches("[data-state-of]") ? [piece] : piece.querySelectorAll("[data-state-of]")) mark(state);
}

// reorder puts a conversation's messages in the order that people see there.
function reorder(piece) {
  const log = document.getElementById(piece.dataset.log);
  if (!log) return;
  for (const id of piece.dataset.order.split(" ")) {
    const el = document.getElementById(id);
    if (el && el.parentElement === log) log.append(el);
  }
}

// mark brings the marks of messages up to their mirror's position, which moves
// also where there was nothing to send.
function mark(state) {
  const cursor = Number(state.dataset.cursor);
  for (const el of document.querySelectorAll(`.mark[data-mirror="${state.dataset.stateOf}"]`)) {
    const there = Number(el.dataset.need) <= cursor;
    if (there === el.matches(".shown, .refused, .removed")) continue;
    if (there && el.closest(".msg.gone")) show(el, "removed", "removed there", state);
    else if (there) show(el, "shown", "shown", state);
    else if (state.dataset.state === "parked") show(el, "parked", "not shown: an admin is needed", state);
  }
}

function show(el, name, word, state) {
  el.className = "mark " + name;
  const icon = state.querySelector(".icon");
  if (name === "removed") el.querySelector(".icon")?.remove();
  else if (icon && state.dataset.state === name) el.querySelector(".icon")?.replaceWith(icon.cloneNode(true));
  const said = el.querySelector("span span");
  said.textContent = `: ${word}`;
  said.classList.toggle("sr", name === "shown");
  el.title = el.dataset.place + said.textContent;
}

function putAll(html) {
  const t = document.createElement("template");
  t.innerHTML = html;
  const said = t.content.querySelector(":scope > [data-said]");
  said?.remove();
  for (const piece of [...t.content.children]) put(piece);
  return said?.textContent ?? "";
}

// --- the stream of a ticket

let seq = Number(ticket?.dataset.seq ?? 0);
let source = null;
let hiddenTimer = 0;

function live(text, name) {
  const el = document.querySelector("[data-live-state]");
  if (!el) return;
  el.hidden = false;
  el.textContent = text;
  el.className = "live " + name;
}

function connect() {
  if (!ticket || source) return;
  source = new EventSource(`/tickets/${ticket.dataset.ticket}/stream?after=${seq}`);
  source.addEventListener("open", () => live("Live", "on"));
  source.addEventListener("update", (e) => {
    seq = Math.max(seq, Number(e.lastEventId));
    putAll(e.data);
  });
  source.addEventListener("reload", () => location.reload());
  source.addEventListener("signed-out", () => {
    disconnect();
    live("You are signed out. Reload the page.", "off");
  });
  source.addEventListener("error", () => {
    const over = source?.readyState === EventSource.CLOSED;
    live(over ? "Not live. Reload the page." : "Connecting again…", "off");
  });
}

function disconnect() {
  source?.close();
  source = null;
}

// A browser has few connections to one server. A page that nobody looks at gives
// its one back after a while and goes on from its position when it is looked at.
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) hiddenTimer = setTimeout(disconnect, 30_000);
  else connect();
});
window.addEventListener("pagehide", disconnect);
window.addEventListener("pageshow", connect);

// --- forms

// upload sends files, and says how much of them has gone.
function upload(url, headers, body, progress) {
  return new Promise((done, failed) => {
    const x = new XMLHttpRequest();
    x.open("POST", url);
    for (const [name, value] of Object.entries(headers)) x.setRequestHeader(name, value);
    x.upload.addEventListener("progress", (e) => { if (e.lengthComputable) progress(e.loaded / e.total); });
    x.addEventListener("load", () => x.status < 400 ? done(x.responseText) : failed(new Error(x.responseText || "Something went wrong. Try again.")));
    x.addEventListener("error", () => failed(new TypeError("no answer")));
    x.send(body);
  });
}

async function send(url, body, progress) {
  const headers = { "Sidebridge-Fragment": "1", "Sidebridge-After": String(seq) };
  if (progress && body instanceof FormData) return upload(url, headers, body, progress);
  const res = await fetch(url, { method: "POST", headers, body });
  const text = await res.text();
  if (!res.ok) throw Object.assign(new Error(text || "Something went wrong. Try again."), { code: res.headers.get("Sidebridge-Error") });
  return text;
}

// A form without files goes as plain text, which every proxy lets pass.
function bodyOf(form) {
  const data = new FormData(form);
  for (const input of form.querySelectorAll("input[type=file]")) {
    if (input.files.length > 0) return data;
    data.delete(input.name);
  }
  return new URLSearchParams(data);
}

function say(form, text) {
  const el = form.querySelector("p.error");
  if (!el) return;
  el.textContent = text;
  el.hidden = text === "";
}

function newKey(form) {
  if (form.elements.key) form.elements.key.value = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

// --- drafts: what was written and not sent survives a reload, for the same person. With
// the words goes the form's key: if they were sent after all, they are not sent twice.

const me = document.querySelector("[data-me]")?.dataset.me ?? "";

function draftKey(box) {
  return `draft ${me} ${box.form.getAttribute("action")} ${box.name}`;
}

// draftsOf returns the boxes whose words are kept.
function draftsOf(root) {
  return root.querySelectorAll("form[data-live][data-reset] :is(textarea, input[name=subject])");
}

function keepDraft(box) {
  try {
    if (box.value.trim() === "") return localStorage.removeItem(draftKey(box));
    const names = [...box.form.querySelectorAll("input[name=naming]")].map((f) => f.value);
    localStorage.setItem(draftKey(box), JSON.stringify({ text: box.value, key: box.form.elements.key?.value, names }));
  } catch { /* the browser keeps nothing; then neither do we */ }
}

// forgetOthers drops what somebody else wrote in this browser before.
function forgetOthers() {
  if (me === "") return;
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("draft ") && !key.startsWith(`draft ${me} `)) localStorage.removeItem(key);
  } catch { /* see keepDraft */ }
}

// forgetDrafts drops all drafts, when somebody signs out.
function forgetDrafts() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("draft ")) localStorage.removeItem(key);
  } catch { /* see keepDraft */ }
}

function restoreDrafts() {
  for (const box of draftsOf(document)) {
    try {
      const draft = JSON.parse(localStorage.getItem(draftKey(box)));
      if (!draft || box.value !== "") continue;
      box.value = draft.text;
      if (draft.key && box.name === "body") box.form.elements.key.value = draft.key;
      for (const value of box.name === "body" ? draft.names : []) {
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name: "naming", value });
        box.form.append(field);
      }
    } catch { /* see keepDraft */ }
  }
}

document.addEventListener("input", (e) => {
  if (e.target.matches("form[data-live][data-reset] :is(textarea, input[name=subject])")) keepDraft(e.target);
});

// confirmable shows the button that confirms what the server has warned of, and goes to it.
function confirmable(form, on) {
  const button = form.querySelector("[data-confirm]");
  if (!button) return;
  button.hidden = !on;
  if (on) button.focus();
}

async function submitLive(form, submitter) {
  // A button that is disabled loses the focus, so it is only marked as such.
  const button = form.querySelector("button:not([formaction], [type=button], [data-confirm])");
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  say(form, "");
  const waiting = pending(form);
  try {
    const body = bodyOf(form);
    if (submitter?.dataset.confirm !== undefined) body.append(submitter.name, submitter.value);
    const html = await send(form.action, body, waiting?.progress);
    confirmable(form, false);
    const folded = form.closest("details[data-keep], details.change, details.start");
    if (form.dataset.reset !== undefined) {
      form.reset();
      for (const t of form.querySelectorAll("textarea")) t.value = "";
      for (const box of form.querySelectorAll("textarea, input[name=subject]")) keepDraft(box);
      form.querySelector(".taken")?.replaceChildren();
      form.querySelector("[data-preview]")?.replaceChildren();
      newKey(form);
    }
    for (const was of form.querySelectorAll("[data-was]")) was.value = form.elements[was.dataset.was].value;
    if (folded && (form.dataset.close !== undefined || folded.dataset.keep)) {
      folded.open = false;
      folded.querySelector("summary").focus({ preventScroll: true });
    }
    say(form, putAll(html));
    for (const log of form.parentElement.querySelectorAll(":scope > .log")) scrollToEnd(log);
  } catch (err) {
    say(form, err instanceof TypeError ? "The server does not answer. What you wrote is still here." : err.message);
    confirmable(form, err.code === "unconfirmed");
  } finally {
    button.ariaDisabled = null;
    waiting?.over();
  }
}

// pending shows what is being sent, and that it is not yet there: the log has it when the
// server says so. The words stay in the box until then.
function pending(form) {
  const log = form.matches(".composer") ? form.parentElement.querySelector(":scope > .log") : null;
  const box = form.elements.body;
  if (!log || !box) return null;
  const el = document.createElement("article"), text = document.createElement("p"), state = document.createElement("p");
  el.className = "msg pending";
  text.textContent = box.value;
  state.className = "sub";
  state.setAttribute("role", "status");
  state.textContent = "Sending…";
  el.append(text, state);
  log.append(el);
  scrollToEnd(log);
  box.readOnly = true;
  return {
    progress(part) { state.textContent = part < 1 ? `Sending… ${Math.round(part * 100)} %` : "Sending…"; },
    over() {
      el.remove();
      box.readOnly = false;
    },
  };
}

// useInReply puts an expert's words into the reply box. Nothing is sent by that.
async function useInReply(form) {
  try {
    const t = document.createElement("template");
    t.innerHTML = await send(form.action, new URLSearchParams());
    const taken = t.content.firstElementChild;
    const box = document.getElementById("reply-body");
    // A draft in the box gives way to what was suggested for it.
    const draft = [...taken.querySelectorAll("[data-instead]")].some((p) => p.dataset.instead.trim() === box.value.trim());
    if (draft || !box.value.includes(taken.dataset.text.trim())) {
      box.value = draft || box.value.trim() === "" ? taken.dataset.text : box.value.trimEnd() + "\n\n" + taken.dataset.text;
    }
    keepDraft(box);
    const files = document.getElementById("taken-files");
    const there = [...files.querySelectorAll("input")].map((i) => i.value);
    files.append(...[...taken.querySelectorAll("li")].filter((li) => !there.includes(li.querySelector("input").value)));
    document.getElementById("tab-reply").checked = true;
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
    box.scrollIntoView({ block: "center" });
  } catch (err) {
    alertLine(form, err.message);
  }
}

// offer shows what is in the reply box to those who review it. The box keeps its text.
async function offer(form, button) {
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  say(form, "");
  const data = new FormData(form);
  for (const input of form.querySelectorAll("input[type=file]")) data.delete(input.name);
  try {
    putAll(await send(button.formAction, new URLSearchParams(data)));
    const panel = button.closest("details");
    panel.open = false;
    panel.querySelector("summary").focus({ preventScroll: true });
  } catch (err) {
    say(form, err instanceof TypeError ? "The server does not answer. What you wrote is still here." : err.message);
  } finally {
    button.ariaDisabled = null;
  }
}

function alertLine(form, text) {
  const p = document.createElement("p");
  p.className = "error";
  p.setAttribute("role", "alert");
  p.textContent = text;
  form.after(p);
}

document.addEventListener("submit", (e) => {
  const form = e.target;
  if (e.submitter?.dataset.offer !== undefined) {
    e.preventDefault();
    offer(form, e.submitter);
  }
  if (e.submitter?.hasAttribute("formaction")) return;
  if (form.getAttribute("action") === "/sign-out") forgetDrafts();
  if (form.dataset.live !== undefined) {
    e.preventDefault();
    submitLive(form, e.submitter);
  } else if (form.dataset.use !== undefined) {
    e.preventDefault();
    useInReply(form);
  } else if (form.dataset.dismiss !== undefined) {
    e.preventDefault();
    send(form.action, bodyOf(form)).then(() => form.remove(), () => form.submit());
  }
});

document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && e.target.matches("textarea")) {
    e.preventDefault();
    e.target.form.requestSubmit(e.target.form.querySelector("button:not([formaction], [type=button])"));
  }
});

// chosen says which files a form takes along, in place of the browser's own words.
function chosen(input) {
  const label = input.closest(".attach");
  const names = [...input.files].map((f) => f.name);
  label.classList.toggle("chosen", names.length > 0);
  label.querySelector("span").textContent = names.length > 0 ? `${names.length} attached` : "Attach files";
}

document.addEventListener("reset", (e) => {
  setTimeout(() => e.target.querySelectorAll(".attach input").forEach(chosen));
});

document.addEventListener("change", async (e) => {
  const el = e.target;
  if (el.matches(".attach input")) chosen(el);
  if (el.dataset.submit !== undefined) el.form.requestSubmit();
  if (!el.dataset.previewOf) return;
  const to = el.form.querySelector("[data-preview]");
  if (el.value === "") return to.replaceChildren();
  try {
    to.innerHTML = await send(el.dataset.previewOf, new URLSearchParams({ to: el.value }));
  } catch (err) {
    to.textContent = err.message;
  }
});

// The picker of channels asks the server, which may know tens of thousands.
let asked = 0;
document.addEventListener("input", async (e) => {
  const el = e.target;
  if (!el.dataset.channels || el.value.includes("/")) return;
  const mine = ++asked;
  const res = await fetch(`${el.dataset.channels}?q=${encodeURIComponent(el.value)}`, { headers: { "Sidebridge-Fragment": "1" } });
  const html = await res.text();
  if (res.ok && mine === asked) document.getElementById(el.getAttribute("list")).innerHTML = html;
});

// Where there are many who can be asked, they are found by the beginning of a name.
let sought = 0;
document.addEventListener("input", async (e) => {
  const el = e.target;
  if (!el.dataset.find) return;
  const to = el.form.elements.to, mine = ++sought;
  const res = await fetch(`${el.dataset.find}?${new URLSearchParams({ q: el.value, to: to.value })}`, { headers: { "Sidebridge-Fragment": "1" } });
  const html = await res.text();
  if (!res.ok || mine !== sought) return;
  const was = to.value;
  to.innerHTML = html;
  to.value = was;
  const n = to.querySelectorAll("optgroup option:not(:checked)").length;
  document.getElementById(el.getAttribute("aria-describedby")).textContent = n === 0 ? "Nobody else is called that." : n === 1 ? "1 found: Enter picks it." : `${n} found: pick one below.`;
});

document.addEventListener("keydown", (e) => {
  if (e.key !== "Enter" || !e.target.dataset?.find) return;
  e.preventDefault(); // the form is not ready to be sent
  const to = e.target.form.elements.to, found = to.querySelectorAll("optgroup option");
  to.focus();
  if (found.length !== 1 || to.value !== "") return;
  to.value = found[0].value;
  to.dispatchEvent(new Event("change", { bubbles: true }));
});

// The versions of a message open over the page.
document.addEventListener("click", async (e) => {
  const link = e.target.closest("a[data-history]");
  if (!link || e.ctrlKey || e.metaKey || e.shiftKey) return;
  e.preventDefault();
  const res = await fetch(link.href, { headers: { "Sidebridge-Fragment": "1" } });
  if (!res.ok) return location.assign(link.href);
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Versions of the message");
  dialog.innerHTML = `<h2>Versions</h2>${await res.text()}<form method="dialog"><button>Close</button></form>`;
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  localTimes(dialog);
  dialog.showModal();
});

// A form that opens low on the screen, or in a log that scrolls, comes into view.
document.addEventListener("toggle", (e) => {
  if (e.target.open && e.target.matches("details.act")) e.target.scrollIntoView({ block: "nearest" });
}, true); // the event does not bubble

// --- a link to a message opens what it lies in

function reveal() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let el = target.closest("details"); el; el = el.parentElement.closest("details")) el.open = true;
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
}

localTimes(document);
forgetOthers();
restoreDrafts();
for (const log of document.querySelectorAll(".talk .log")) scrollToEnd(log);
window.addEventListener("hashchange", reveal);
reveal();
connect();

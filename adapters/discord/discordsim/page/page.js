// Keeps the page up to date and submits its forms without leaving it. Without
// this script the page still works, one load at a time.
"use strict";

document.documentElement.classList.add("js");

const parts = ["channels", "channel-head", "messages", "write", "thread-head", "thread", "thread-write", "modal"];
let pending = false, again = false;

// busy says whether somebody is writing inside a part that would be replaced.
function busy(part) {
  const at = document.activeElement;
  if (part.contains(at) && /^(TEXTAREA|INPUT|SELECT)$/.test(at.tagName)) return true;
  return [...part.querySelectorAll("textarea, input:not([type=hidden])")].some((f) => f.type === "file" ? f.value : f.value !== f.defaultValue);
}

// keepOpen carries over which details somebody has opened.
function keepOpen(now, next) {
  for (const d of now.querySelectorAll("details[open][data-key]")) {
    next.querySelector(`details[data-key="${d.dataset.key}"]`)?.setAttribute("open", "");
  }
}

function replace(fresh) {
  for (const id of parts) {
    const now = document.getElementById(id), next = fresh.getElementById(id);
    if (!now || !next || busy(now)) continue;
    keepOpen(now, next);
    if (now.isEqualNode(next)) continue;
    const low = now.scrollHeight - now.scrollTop - now.clientHeight < 80, top = now.scrollTop;
    now.replaceWith(next);
    next.scrollTop = low ? next.scrollHeight : top;
    if (id === "modal") next.querySelector("dialog input:not([type=hidden]), dialog textarea")?.focus();
  }
}

async function load(address, options) {
  const answer = await fetch(address, options);
  return [new DOMParser().parseFromString(await answer.text(), "text/html"), new URL(answer.url)];
}

async function refresh() {
  if (pending) { again = true; return; }
  pending = true;
  try {
    do {
      again = false;
      replace((await load(location.href))[0]);
    } while (again);
  } catch { /* the simulator is gone; the stream will come back with it */ }
  pending = false;
}

function show(problem) {
  document.querySelector(".problem")?.remove();
  if (problem) document.querySelector(getComputedStyle(document.querySelector("main")).display === "none" ? ".thread" : "main").prepend(problem);
}

function thread() { return new URL(location).searchParams.get("thread"); }

async function submit(form, button) {
  const data = new FormData(form, button);
  if (button) button.disabled = true;
  let fresh, at;
  try {
    [fresh, at] = await load(form.getAttribute("action"), { method: "POST", body: data });
  } catch {
    location.reload(); // the browser then tells that nobody is there
    return;
  } finally {
    if (button) button.disabled = false;
  }
  const problem = fresh.querySelector(".problem");
  at.searchParams.delete("problem");
  if (!fresh.querySelector("#thread") !== !document.querySelector("#thread") || at.searchParams.get("thread") !== thread()) {
    location.assign(at); // another thread is shown, or none any more
    return;
  }
  show(problem);
  if (!problem) {
    history.replaceState(null, "", at);
    form.reset();
    const box = form.closest("details:not(.moderate)");
    if (box) box.open = false;
  }
  const composer = form.classList.contains("composer") ? form.closest("[id]").id : "";
  document.activeElement?.blur();
  replace(fresh);
  if (composer) document.querySelector(`#${composer} textarea`)?.focus();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("method") !== "post") return;
  event.preventDefault();
  submit(form, event.submitter);
});

document.addEventListener("change", (event) => {
  if (event.target.id === "as") event.target.form.submit();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector("dialog [value=close]")?.click();
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  if (!event.target.matches("[data-submit-on-enter]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

for (const list of document.querySelectorAll(".messages")) {
  if (!location.hash && !list.querySelector(".post")) list.scrollTop = list.scrollHeight;
}

// An answer that is late shows as such although nothing happens.
setInterval(() => { if (document.querySelector("[data-waiting]")) refresh(); }, 2000);

new EventSource("/sim/live").addEventListener("message", refresh);

// Keeps the page up to date and submits its forms without leaving it. Without
// this script the page still works, one load at a time.
"use strict";

document.documentElement.classList.add("js");

const parts = ["channels", "messages", "thread", "modal"];
let pending = false;

// busy says whether somebody is editing inside a part that would be replaced.
function busy(part) {
  const at = document.activeElement;
  return part.contains(at) && /^(TEXTAREA|INPUT|SELECT)$/.test(at.tagName);
}

function replace(fresh) {
  for (const id of parts) {
    const now = document.getElementById(id), next = fresh.getElementById(id);
    if (!now || !next || busy(now) || now.isEqualNode(next)) continue;
    const low = now.scrollHeight - now.scrollTop - now.clientHeight < 80;
    now.replaceWith(next);
    if (low) next.scrollTop = next.scrollHeight;
  }
}

async function refresh() {
  if (pending) return;
  pending = true;
  try {
    const answer = await fetch(location.href);
    replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* the simulator is gone; the stream will come back with it */ }
  pending = false;
}

async function submit(form, button) {
  const data = new FormData(form, button);
  if (button) button.disabled = true;
  // An input named "action", as a button of a card has, hides the form's property.
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body: data });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (button) button.disabled = false;
  const problem = document.querySelector(".problem"), told = fresh.querySelector(".problem");
  if (problem) problem.remove();
  if (told) document.querySelector("main").prepend(told);
  else if (form.classList.contains("composer")) form.reset();
  if (form.closest("details")) form.closest("details").open = false;
  if (document.activeElement) document.activeElement.blur();
  replace(fresh);
  const box = form.isConnected && form.querySelector("textarea");
  if (box && form.classList.contains("composer")) box.focus();
  if (!document.getElementById("messages") || form.querySelector("[value=join]")) location.reload();
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
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  if (!event.target.matches("[data-submit-on-enter]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

for (const list of document.querySelectorAll(".messages")) {
  if (!location.hash) list.scrollTop = list.scrollHeight;
}

new EventSource("/sim/live").addEventListener("message", refresh);

// Completes names while somebody types them: "@" begins a person, a group or a channel,
// "#" a channel. The box is a combobox with a list: the arrow keys choose, Enter and Tab
// take, Escape closes. What a name stands for goes along in hidden fields.

const list = document.createElement("ul");
list.id = "completions";
list.className = "completions";
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "People, groups and channels");
list.hidden = true;
const said = document.createElement("p");
said.className = "sr";
said.setAttribute("role", "status");
document.body.append(list, said);

let box = null; // the one that the list is open for
let start = 0; // where the name begins in it
let asked = 0;
let timer = 0;
let taking = false; // the key that took a name is still down
let closedAt = -1; // the beginning of a name for which somebody closed the list

const options = () => [...list.children];
const chosen = () => list.querySelector("[aria-selected=true]");

// begun returns the sign and the beginning of a name that stand before the caret.
function begun(el) {
  const before = el.value.slice(Math.max(0, el.selectionEnd - 60), el.selectionEnd);
  const m = /(?:^|[\s(>*_~"'[])([@#])([^\s@#][^\n@#]{0,40}(?:(?<=\S)@[^\s@#]*)?|)$/u.exec(before);
  if (!m || el.selectionStart !== el.selectionEnd || (m[2].match(/\s/g) ?? []).length > 2) return null;
  return { sign: m[1], text: m[2], start: el.selectionEnd - m[2].length - 1 };
}

function address(el, name) {
  const q = new URLSearchParams({ sign: name.sign, q: name.text });
  const talk = el.closest(".talk");
  if (talk) q.set("conversation", talk.dataset.id);
  else {
    q.set("ticket", document.getElementById("ticket")?.dataset.ticket ?? "");
    q.set("to", el.form.elements.to?.value ?? "");
  }
  return `/complete?${q}`;
}

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option.setAttribute("aria-selected", "true");
  box.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function close() {
  clearTimeout(timer);
  asked++;
  if (!box) return;
  list.hidden = true;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
  box = null;
}

// place puts the list under the box, or over it where there is no room.
function place() {
  const r = box.getBoundingClientRect();
  const below = innerHeight - r.bottom;
  list.style.left = `${r.left + scrollX}px`;
  list.style.width = `${Math.min(r.width, 420)}px`;
  list.style.top = below > list.offsetHeight + 8 || below > r.top ? `${r.bottom + scrollY + 2}px` : `${r.top + scrollY - list.offsetHeight - 2}px`;
}

function open(el, name) {
  box = el;
  start = name.start;
  el.setAttribute("role", "combobox");
  el.setAttribute("aria-autocomplete", "list");
  el.setAttribute("aria-controls", list.id);
  el.setAttribute("aria-expanded", "true");
  options().forEach((o, i) => { o.id = `completion-${i}`; });
  list.hidden = false;
  place();
  choose(list.firstElementChild);
  const n = options().length;
  said.textContent = `${n} ${n === 1 ? "name" : "names"}. Arrow keys choose, Enter takes.`;
}

async function look(el) {
  const name = begun(el);
  if (!name || name.start === closedAt) return close();
  closedAt = -1;
  const mine = ++asked;
  try {
    const res = await fetch(address(el, name), { headers: { "Sidebridge-Fragment": "1" } });
    const html = await res.text();
    if (mine !== asked || document.activeElement !== el) return;
    if (!res.ok) return close();
    list.innerHTML = html;
    if (list.children.length === 0) return close();
    open(el, name);
  } catch {
    close(); // the server does not answer: a name can be typed without it
  }
}

function take(option) {
  const el = box, name = option.dataset.name;
  el.setSelectionRange(start, el.selectionEnd);
  close();
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "naming";
  field.value = `${option.dataset.target} ${name}`;
  for (const old of el.form.querySelectorAll("input[name=naming]")) if (old.value.endsWith(` ${name}`)) old.remove();
  el.form.append(field);
  el.focus();
  if (!document.execCommand("insertText", false, `${name} `)) el.setRangeText(`${name} `, el.selectionStart, el.selectionEnd, "end");
  el.dispatchEvent(new Event("input", { bubbles: true }));
  said.textContent = `${name} is in the text.`;
}

document.addEventListener("input", (e) => {
  if (e.target.dataset?.complete === undefined) return;
  clearTimeout(timer);
  timer = setTimeout(look, 60, e.target);
});

document.addEventListener("keydown", (e) => {
  if (!box || e.target !== box || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
  const all = options(), at = all.indexOf(chosen());
  if (e.key === "ArrowDown") choose(all[(at + 1) % all.length]);
  else if (e.key === "ArrowUp") choose(all[(at + all.length - 1) % all.length]);
  else if (e.key === "Enter" || e.key === "Tab" && !e.shiftKey) {
    taking = true;
    take(all[at]);
  }
  else if (e.key === "Escape") {
    closedAt = start;
    close();
  } else return;
  e.preventDefault();
  e.stopImmediatePropagation();
}, true);

// The key that takes a name breaks no line.
document.addEventListener("beforeinput", (e) => {
  if (taking && e.inputType === "insertLineBreak") {
    e.preventDefault();
    e.stopImmediatePropagation();
  }
}, true);
document.addEventListener("keyup", () => { taking = false; });

list.addEventListener("pointerdown", (e) => {
  e.preventDefault(); // the box keeps the focus
  const option = e.target.closest("[role=option]");
  if (option && box) take(option);
});
document.addEventListener("focusout", (e) => { if (e.target === box) close(); });
window.addEventListener("resize", close);

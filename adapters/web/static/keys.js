// Keys: "/" searches, j and k walk through what a page lists, "?" shows the map. Single
// characters can be switched off on the map, for those who speak to their computer.

const setting = "sidebridge keys";

function on() {
  try { return localStorage.getItem(setting) !== "off"; } catch { return true; }
}

function prepare(root) {
  for (const box of root.querySelectorAll("[data-keys-on]")) box.checked = on();
}

document.addEventListener("change", (e) => {
  if (e.target.dataset.keysOn === undefined) return;
  try { localStorage.setItem(setting, e.target.checked ? "on" : "off"); } catch { /* then it holds for no longer than this */ }
});

// rows are what j and k walk through: a list's links, or a ticket's messages.
function rows() {
  const links = [...document.querySelectorAll("[data-row]")];
  const all = links.length > 0 ? links : [...document.querySelectorAll("#talks .msg")];
  return all.filter((el) => el.getClientRects().length > 0);
}

function walk(step) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.findIndex((el) => el === document.activeElement || el.contains(document.activeElement));
  const to = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
  to.focus();
  to.scrollIntoView({ block: "nearest" });
}

async function map() {
  const res = await fetch("/keys", { headers: { "Sidebridge-Fragment": "1" } });
  if (!res.ok) return location.assign("/keys");
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Keyboard");
  dialog.innerHTML = `<h2>Keyboard</h2>${await res.text()}<form method="dialog"><button>Close</button></form>`;
  prepare(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function search() {
  const boxes = [...document.querySelectorAll("[data-search]")];
  const box = boxes.findLast((b) => b.getClientRects().length > 0);
  if (box) box.select();
  else location.assign("/search");
}

const keys = { "/": search, j: () => walk(1), k: () => walk(-1), "?": map };

document.addEventListener("keydown", (e) => {
  const act = Object.hasOwn(keys, e.key) ? keys[e.key] : null;
  if (!act || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.defaultPrevented || !on()) return;
  if (e.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog")) return;
  e.preventDefault();
  act();
});

prepare(document);

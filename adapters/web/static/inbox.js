// The list of tickets follows what changes: a line is shown as it is now at once, and
// goes to its place when nobody points at the list, so that nothing moves under a click.

const table = document.getElementById("tickets");
const lines = document.getElementById("lines");
const empty = document.getElementById("no-tickets");
const live = table?.dataset.at !== undefined;
let at = table?.dataset.at;
let source = null;
let hiddenTimer = 0;

const busy = () => lines.matches(":hover, :focus-within");

// settle puts the lines in order, and takes those away that are none of the list's.
function settle() {
  if (busy()) return;
  for (const gone of lines.querySelectorAll("[data-gone]")) gone.remove();
  const sorted = [...lines.children].sort((a, b) => Number(b.dataset.at) - Number(a.dataset.at));
  if (sorted.some((line, i) => lines.children[i] !== line)) lines.append(...sorted);
  table.hidden = sorted.length === 0;
  empty.hidden = sorted.length > 0;
}

function put(html) {
  const t = document.createElement("template");
  t.innerHTML = html;
  for (const piece of [...t.content.children]) {
    const old = document.getElementById(piece.id);
    if (piece.dataset.gone !== undefined) {
      if (old) old.dataset.gone = "";
      continue;
    }
    document.dispatchEvent(new CustomEvent("sidebridge:put", { detail: piece }));
    if (!old) {
      piece.classList.add("fresh");
      lines.append(piece);
      continue;
    }
    const active = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    if (Number(piece.dataset.at) > Number(old.dataset.at)) piece.classList.add("fresh");
    old.replaceWith(piece);
    if (active) piece.querySelector(`a[href="${CSS.escape(active)}"], a`)?.focus({ preventScroll: true });
  }
  settle();
}

function connect() {
  if (source) return;
  source = new EventSource(`/tickets/stream?show=${encodeURIComponent(table.dataset.show)}&after=${at}`);
  source.addEventListener("update", (e) => {
    at = e.lastEventId;
    put(e.data);
  });
  source.addEventListener("reload", () => location.reload());
  source.addEventListener("signed-out", disconnect);
}

function disconnect() {
  source?.close();
  source = null;
}

// What the person has read in another tab is no change of the ticket: ask for its line.
async function reread(e) {
  if (e.data.ticket === undefined || !document.getElementById(`t${e.data.ticket}`)) return;
  const query = new URLSearchParams({ show: table.dataset.show, tickets: e.data.ticket });
  const res = await fetch(`/tickets/lines?${query}`, { headers: { "Sidebridge-Fragment": "1" } });
  if (res.ok) put(await res.text());
}

if (live) {
  connect();
  lines.addEventListener("pointerleave", settle);
  lines.addEventListener("focusout", () => setTimeout(settle));
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = setTimeout(disconnect, 30_000);
    else connect();
  });
  window.addEventListener("pagehide", disconnect);
  window.addEventListener("pageshow", connect);
  new BroadcastChannel("sidebridge read").addEventListener("message", reread);
}

// What is new, on every page: the count in the tab's title and icon, a line on the page
// that somebody looks at, and the browser's own notification when they look at none.
// The tabs of a browser share one stream, so that nothing is told twice: whichever holds
// the lock follows the news and passes them on.

const { me } = document.body.dataset;
const channel = new BroadcastChannel(`sidebridge news ${me}`);
const lead = `sidebridge news ${me}`; // held by the tab that has the stream
const looking = `sidebridge looking ${me}`; // shared by the tabs that somebody looks at
const stays = 12_000; // milliseconds that a line stays on the page
const most = 3; // lines at once

// --- the count

const icon = document.querySelector("link[rel=icon]");
const title = document.title.replace(/^\(\d+\+?\) /, "");

function count(n) {
  const text = n > 99 ? "99+" : String(n);
  const wanted = n > 0 ? `(${text}) ${title}` : title;
  if (document.title !== wanted) document.title = wanted;
  const href = n > 0 ? icon.dataset.unread : icon.dataset.read;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
  const nav = document.querySelector(".nav-unread");
  nav.hidden = n === 0;
  nav.querySelector(".count").textContent = text;
}

// --- lines on the page

const toasts = document.querySelector(".toasts");

// shown reports whether the page follows the message's ticket itself.
function shown(message) {
  return document.getElementById("ticket")?.dataset.ticket === message.id.split("-")[0];
}

function toast(message) {
  const line = document.createElement("div");
  line.className = "toast";
  const link = document.createElement("a");
  link.href = message.url;
  const what = document.createElement("b");
  what.textContent = message.what;
  const text = document.createElement("span");
  text.textContent = message.text;
  link.append(what, text);
  const close = document.createElement("button");
  close.className = "quiet";
  close.textContent = "×";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => line.remove());
  line.append(link, close);
  toasts.append(line);
  while (toasts.children.length > most) toasts.firstElementChild.remove();
  const leave = () => (line.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : line.remove());
  setTimeout(leave, stays);
}

// --- the browser's notifications

function notify(message) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const n = new Notification(message.what, { body: message.text, tag: `sidebridge ${message.id}`, icon: icon.dataset.read });
  n.addEventListener("click", () => {
    window.focus();
    location.assign(message.url);
    n.close();
  });
}

// --- what the stream says

function hear(news) {
  count(news.unread);
  if (document.hidden || !news.page) return;
  for (const message of news.messages ?? []) if (!shown(message)) toast(message);
}

async function told(news) {
  channel.postMessage(news);
  hear(news);
  if (!news.browser || !news.messages) return;
  const { held } = await navigator.locks.query();
  if (!held.some((l) => l.name === looking)) news.messages.forEach(notify);
}

let source = null;
let at = document.body.dataset.at;

function follow(say) {
  source = new EventSource(`/news/stream?after=${at}`);
  source.addEventListener("news", (e) => {
    at = e.lastEventId;
    say(JSON.parse(e.data));
  });
  source.addEventListener("signed-out", stop);
}

function stop() {
  source?.close();
  source = null;
}

// A visible tab says so by a lock, which the browser takes back when the tab is gone.
let release = null;
function look() {
  release?.();
  release = null;
  if (document.hidden) return;
  const done = new Promise((resolve) => { release = resolve; });
  navigator.locks.request(looking, { mode: "shared" }, () => done).catch(() => {});
}

channel.addEventListener("message", (e) => {
  if (e.data.unread !== undefined) hear(e.data);
});

if (navigator.locks) {
  look();
  document.addEventListener("visibilitychange", look);
  navigator.locks.request(lead, () => new Promise(() => follow(told))).catch(() => {});
} else { // no secure address: each tab follows while it is looked at
  const see = () => {
    stop();
    if (!document.hidden) follow(hear);
  };
  see();
  document.addEventListener("visibilitychange", see);
}
window.addEventListener("pagehide", stop);

// What was read on this page counts no more, on any tab.
let soon = 0;
new BroadcastChannel("sidebridge read").addEventListener("message", (e) => {
  if (e.data.ticket === undefined) return;
  clearTimeout(soon);
  soon = setTimeout(async () => {
    const res = await fetch("/news/unread", { headers: { "Sidebridge-Fragment": "1" } });
    if (res.ok) count(Number(await res.text()));
  }, 100);
});

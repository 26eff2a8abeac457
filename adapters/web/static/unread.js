// What is unread. A message counts as read when it was in view for a moment on a page
// that somebody looks at; the server is told up to which one, in few requests. A
// position never passes a message that was not seen.

const dwell = 700; // milliseconds that a message has to be in view
const gather = 800; // milliseconds in which positions are sent together

const talks = document.getElementById("talks");
const others = "BroadcastChannel" in window ? new BroadcastChannel("sidebridge read") : null;
const seen = new WeakSet();
const inView = new Map(); // message: its timer, 0 while nobody looks
const held = new Set(); // conversations put back as unread: they stay so while the page is open
const waiting = new Map(); // conversation: the position to send
let sending = 0;

const seqOf = (msg) => Number(msg.id.slice(1));
const messagesOf = (talk) => [...talk.querySelectorAll(".log > .msg")].sort((a, b) => seqOf(a) - seqOf(b));
const isUnread = (talk, msg) => seqOf(msg) > Number(talk.dataset.read) && !msg.matches(".gone, [data-mine]");

// show brings what the page says about a conversation up to its position.
function show(talk) {
  let count = 0;
  for (const msg of talk.querySelectorAll(".log > .msg")) {
    const unread = talk.dataset.follows !== undefined && isUnread(talk, msg);
    if (msg.classList.contains("unread") !== unread) msg.classList.toggle("unread", unread);
    if (unread) count++;
  }
  const line = talk.querySelector(".unread-line");
  const text = `${count} unread`;
  if (line.hidden !== (count === 0)) line.hidden = count === 0;
  if (line.querySelector(".unread-count").textContent !== text) line.querySelector(".unread-count").textContent = text;
}

// advance moves a conversation's position over the messages that were seen.
function advance(talk) {
  if (held.has(talk.id)) return;
  let upto = Number(talk.dataset.read);
  const before = upto;
  for (const msg of messagesOf(talk)) {
    if (isUnread(talk, msg) && !seen.has(msg)) break;
    upto = Math.max(upto, seqOf(msg));
  }
  if (upto === before) return;
  talk.dataset.read = upto;
  show(talk);
  waiting.set(talk.dataset.id, upto);
  sending ||= setTimeout(send, gather);
}

function send() {
  clearTimeout(sending);
  sending = 0;
  for (const [id, upto] of waiting) {
    post(`/c/${id}/read`, { upto }).then(() => tell(id), () => {}); // it is unread elsewhere until it is seen again
    others?.postMessage({ id, upto });
  }
  waiting.clear();
}

async function post(path, fields) {
  const headers = { "Sidebridge-Fragment": "1" };
  const res = await fetch(path, { method: "POST", headers, body: new URLSearchParams(fields), keepalive: true });
  if (!res.ok) throw new Error(await res.text());
}

// tell says, once the server knows, that what is unread on a ticket is another than before.
function tell(conversation) {
  others?.postMessage({ ticket: conversation.split("-")[0] });
}

function look(msg) {
  clearTimeout(inView.get(msg));
  const timer = document.hidden ? 0 : setTimeout(() => {
    seen.add(msg);
    const talk = msg.closest(".talk");
    if (talk) advance(talk);
  }, dwell);
  inView.set(msg, timer);
}

function away(msg) {
  clearTimeout(inView.get(msg));
  inView.delete(msg);
}

// A long message is in view when as much of it is as a screen easily shows.
const watcher = new IntersectionObserver((changes) => {
  for (const c of changes) {
    const there = c.intersectionRect.height >= Math.min(c.boundingClientRect.height * 0.6, 160) && c.intersectionRect.height > 0;
    if (!there || !c.target.isConnected) away(c.target);
    else if (!inView.has(c.target)) look(c.target);
  }
}, { threshold: [0, 0.1, 0.2, 0.4, 0.6, 0.8, 1] });

function watch() {
  for (const msg of inView.keys()) if (!msg.isConnected) away(msg);
  for (const talk of talks.querySelectorAll(".talk")) {
    for (const msg of talk.querySelectorAll(".log > .msg")) watcher.observe(msg);
    show(talk);
    advance(talk); // what is one's own needs no look
  }
}

// A conversation opens where the unread messages begin.
function startAtUnread() {
  for (const log of talks.querySelectorAll(".talk .log")) {
    const first = log.querySelector(".msg.unread");
    if (first) log.scrollTop = first.offsetTop - log.offsetTop - 8;
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) send();
  for (const msg of inView.keys()) look(msg);
});
window.addEventListener("pagehide", send);

async function putBack(form) {
  const msg = form.closest(".msg"), talk = form.closest(".talk");
  held.add(talk.id);
  waiting.delete(talk.dataset.id);
  await post(form.getAttribute("action"), {});
  tell(talk.dataset.id);
  talk.dataset.read = seqOf(msg) - 1;
  talk.dataset.follows = "";
  show(talk);
}

async function readAll(form) {
  const talk = form.closest(".talk");
  const upto = Math.max(Number(form.elements.upto.value), ...messagesOf(talk).map(seqOf));
  await post(form.getAttribute("action"), { upto });
  tell(talk.dataset.id);
  held.delete(talk.id);
  talk.dataset.read = upto;
  show(talk);
  talk.focus({ preventScroll: true });
}

document.addEventListener("submit", (e) => {
  const act = e.target.dataset.unread !== undefined ? putBack : e.target.dataset.readAll !== undefined ? readAll : null;
  if (!act) return;
  e.preventDefault();
  act(e.target).catch(() => e.target.submit());
});

// Another tab of the same person has read on.
others?.addEventListener("message", (e) => {
  if (e.data.id === undefined) return;
  const talk = talks?.querySelector(`.talk[data-id="${CSS.escape(e.data.id)}"]`);
  if (!talk || held.has(talk.id) || Number(talk.dataset.read) >= e.data.upto) return;
  talk.dataset.read = e.data.upto;
  show(talk);
});

if (talks) {
  startAtUnread();
  watch();
  let soon = 0;
  new MutationObserver(() => {
    soon ||= requestAnimationFrame(() => {
      soon = 0;
      watch();
    });
  }).observe(talks, { childList: true, subtree: true });
}

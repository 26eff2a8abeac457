// "Share from the ticket": a form's choice of comments is fetched when it is unfolded, so
// that it has what came since the page was made.

async function load(panel) {
  const into = panel.querySelector("[data-loaded]");
  const chosen = new Set([...into.querySelectorAll("input:checked")].map((i) => i.name + i.value));
  try {
    const res = await fetch(panel.dataset.load, { headers: { "Sidebridge-Fragment": "1" } });
    const text = await res.text();
    if (!res.ok) throw new Error(text);
    into.innerHTML = text;
    for (const i of into.querySelectorAll("input")) i.checked = chosen.has(i.name + i.value);
  } catch (err) {
    into.textContent = err instanceof TypeError ? "The server does not answer. Fold this and unfold it again." : err.message;
  }
}

document.addEventListener("toggle", (e) => {
  if (e.target.matches?.("details[data-load]") && e.target.open) load(e.target);
}, true);

document.addEventListener("reset", (e) => {
  for (const panel of e.target.querySelectorAll("details[data-load]")) {
    panel.open = false;
    panel.querySelector("[data-loaded]").replaceChildren();
  }
});

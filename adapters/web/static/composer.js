// What a composer's box does beyond taking text: Markdown by keys, lists that go on,
// files pasted and dropped, and a preview that the server makes.

const boxes = ".composer textarea, .start-form textarea, form.edit textarea[name=body]";
const marks = { b: "**", i: "*", e: "`" };

function insert(box, text) {
  if (!document.execCommand("insertText", false, text)) { // which keeps the browser's undo
    box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// wrap puts marks around what is selected, or takes them away again.
function wrap(box, mark) {
  const { selectionStart: from, selectionEnd: to, value } = box, n = mark.length;
  const text = value.slice(from, to);
  if (value.slice(from - n, from) === mark && value.slice(to, to + n) === mark) {
    box.setSelectionRange(from - n, to + n);
    insert(box, text);
    box.setSelectionRange(from - n, to - n);
    return;
  }
  insert(box, mark + text + mark);
  box.setSelectionRange(from + n, to + n);
}

function link(box) {
  const { selectionStart: from, selectionEnd: to } = box;
  const text = box.value.slice(from, to);
  if (/^https?:\/\/\S+$/.test(text)) {
    insert(box, `[](${text})`);
    box.setSelectionRange(from + 1, from + 1);
  } else {
    insert(box, `[${text}](https://)`);
    box.setSelectionRange(to + 3, to + 11);
  }
}

// goOn continues the list or quote that the caret's line is in; on an empty item it ends.
function goOn(box) {
  const at = box.selectionStart;
  const line = box.value.slice(box.value.lastIndexOf("\n", at - 1) + 1, at);
  const m = /^(\s*)([-*+]|(\d{1,9})([.)])|>)( +)(.*)$/.exec(line);
  if (!m || at !== box.selectionEnd) return false;
  if (m[6].trim() === "") {
    box.setSelectionRange(at - line.length, at);
    insert(box, "\n");
  } else insert(box, `\n${m[1]}${m[3] ? Number(m[3]) + 1 + m[4] : m[2]}${m[5]}`);
  return true;
}

document.addEventListener("keydown", (e) => {
  const box = e.target;
  if (!box.matches?.(boxes) || e.isComposing || e.altKey || e.defaultPrevented) return;
  const command = (e.ctrlKey || e.metaKey) && !e.shiftKey;
  if (command && Object.hasOwn(marks, e.key)) wrap(box, marks[e.key]);
  else if (command && e.key === "k") link(box);
  else return;
  e.preventDefault();
});

// A line break is where a list goes on, whichever key or keyboard makes it.
document.addEventListener("beforeinput", (e) => {
  if (e.inputType === "insertLineBreak" && !e.isComposing && e.target.matches?.(boxes) && goOn(e.target)) e.preventDefault();
});

// --- files

function size(bytes) {
  return bytes >= 1 << 20 ? `${Math.round(bytes / (1 << 20))} MiB` : `${Math.max(1, Math.round(bytes / 1024))} KiB`;
}

// attach adds files to those that a form takes along, except what is too large.
function attach(form, files) {
  const input = form.querySelector(".attach input[type=file]");
  if (!input) return;
  const most = Number(document.getElementById("ticket")?.dataset.maxFile ?? 0);
  const all = new DataTransfer(), large = [];
  for (const f of [...input.files, ...files]) {
    if (most > 0 && f.size > most) large.push(f.name);
    else all.items.add(f);
  }
  input.files = all.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  const error = form.querySelector("p.error");
  if (large.length > 0 && error) {
    error.textContent = `${large.join(", ")}: larger than ${size(most)}, the most that a file may have. Share a link to it instead.`;
    error.hidden = false;
  }
}

// list shows the files that a form takes along, each with a button that leaves it out.
function list(input) {
  const form = input.form;
  let ul = form.querySelector(".to-send");
  if (!ul) {
    ul = document.createElement("ul");
    ul.className = "to-send";
    ul.setAttribute("aria-label", "Files to send");
    input.closest(".row").before(ul);
  }
  ul.replaceChildren(...[...input.files].map((f, i) => {
    const li = document.createElement("li"), name = document.createElement("span"), button = document.createElement("button");
    name.textContent = `${f.name} (${size(f.size)})`;
    button.type = "button";
    button.className = "quiet";
    button.textContent = "Remove";
    button.setAttribute("aria-label", `Remove ${f.name}`);
    button.addEventListener("click", () => {
      const rest = new DataTransfer();
      [...input.files].forEach((other, j) => { if (j !== i) rest.items.add(other); });
      input.files = rest.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      (ul.querySelector("button") ?? input).focus();
    });
    li.append(name, " ", button);
    return li;
  }));
}

document.addEventListener("change", (e) => {
  if (!e.target.matches(".attach input[type=file]")) return;
  const most = Number(document.getElementById("ticket")?.dataset.maxFile ?? 0);
  if (most > 0 && [...e.target.files].some((f) => f.size > most)) {
    const files = [...e.target.files];
    e.target.value = "";
    return attach(e.target.form, files);
  }
  list(e.target);
});
document.addEventListener("reset", (e) => {
  setTimeout(() => {
    e.target.querySelectorAll(".attach input[type=file]").forEach(list);
    e.target.querySelectorAll("input[name=naming]").forEach((f) => f.remove());
    e.target.querySelectorAll("[data-preview-text][aria-pressed=true]").forEach(hidePreview);
  });
});

document.addEventListener("paste", (e) => {
  const files = [...(e.clipboardData?.files ?? [])], form = e.target.closest?.(".composer, .start-form");
  if (!form || files.length === 0 || e.clipboardData.types.includes("text/plain")) return;
  e.preventDefault();
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  attach(form, files.map((f) => f.name === "image.png" ? new File([f], `pasted-${stamp}.png`, { type: f.type }) : f));
});

document.addEventListener("dragover", (e) => {
  const form = e.target.closest?.(".composer, .start-form");
  document.querySelectorAll(".dropping").forEach((f) => { if (f !== form) f.classList.remove("dropping"); });
  if (!form || !e.dataTransfer.types.includes("Files")) return;
  e.preventDefault();
  form.classList.add("dropping");
});
document.addEventListener("dragleave", (e) => { if (e.relatedTarget === null) document.querySelectorAll(".dropping").forEach((f) => f.classList.remove("dropping")); });
document.addEventListener("drop", (e) => {
  const form = e.target.closest?.(".composer, .start-form");
  if (!form || e.dataTransfer.files.length === 0) return;
  e.preventDefault();
  form.classList.remove("dropping");
  attach(form, e.dataTransfer.files);
});

// --- preview

function hidePreview(button) {
  button.setAttribute("aria-pressed", "false");
  button.form.querySelector(".written")?.remove();
  for (const box of button.form.querySelectorAll("textarea")) box.hidden = false;
}

async function showPreview(button) {
  const form = button.form, box = form.querySelector("textarea[name=body]");
  const fields = new URLSearchParams({ body: box.value });
  for (const f of form.querySelectorAll("input[name=naming]")) fields.append("naming", f.value);
  const shown = document.createElement("div");
  shown.className = "written";
  shown.tabIndex = -1;
  shown.setAttribute("role", "region");
  shown.setAttribute("aria-label", "Preview");
  const res = await fetch("/preview", { method: "POST", headers: { "Sidebridge-Fragment": "1" }, body: fields });
  shown.innerHTML = res.ok ? await res.text() : "";
  if (!res.ok) shown.textContent = await res.text();
  else if (box.value.trim() === "") shown.textContent = "There is nothing to show yet.";
  form.querySelector(".written")?.remove();
  box.after(shown);
  box.hidden = true;
  button.setAttribute("aria-pressed", "true");
}

document.addEventListener("click", (e) => {
  const button = e.target.closest("[data-preview-text]");
  if (!button) return;
  if (button.getAttribute("aria-pressed") === "true") {
    hidePreview(button);
    button.form.querySelector("textarea").focus();
  } else showPreview(button).catch(() => hidePreview(button));
});

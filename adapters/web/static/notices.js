// The page on which people say how they are told: the browser's permission, which only a
// button asks for, and the names of time zones.

const states = document.querySelector(".may-notify");

function show() {
  const now = "Notification" in window && window.isSecureContext ? Notification.permission : "none";
  for (const p of states.children) p.hidden = p.dataset.permission !== now;
}

if (states) {
  show();
  states.querySelector("[data-ask-permission]").addEventListener("click", async () => {
    await Notification.requestPermission();
    show();
  });
  navigator.permissions?.query({ name: "notifications" }).then((p) => p.addEventListener("change", show), () => {});
}

const zone = document.querySelector("[data-zones]");

if (zone) {
  const list = document.getElementById("zones");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const name of [here, ...Intl.supportedValuesOf("timeZone")]) list.append(new Option(name, name));
}

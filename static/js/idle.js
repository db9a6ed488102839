// Warns before the session ends, and clears the page when it has ended. Without script the server still ends it.
"use strict";

(() => {
  const dialog = document.getElementById("idle");
  if (!dialog) return;
  const idleMs = Number(dialog.dataset.seconds) * 1000;
  const warnMs = Math.min(150_000, idleMs / 3);
  // All open tabs share one session, so they share the time of the last request too: nothing but a clock reading.
  const noted = "portal-last-request";
  const note = () => localStorage.setItem(noted, String(Date.now()));
  const idleSince = () => Date.now() - Number(localStorage.getItem(noted) || Date.now());

  const leave = () => location.replace(dialog.dataset.ended);

  const keep = async () => {
    dialog.close();
    const answer = await fetch(dialog.dataset.keep, { credentials: "same-origin", redirect: "manual" }).catch(() => null);
    if (!answer || answer.status !== 204) return leave();
    note();
    arm();
  };

  // A timer sleeps with the computer, so the clock decides, not the timer.
  const check = () => {
    const idle = idleSince();
    if (idle >= idleMs) return leave();
    if (idle < idleMs - warnMs) dialog.close();
    else if (!dialog.open) dialog.showModal();
    arm();
  };
  const arm = () => {
    const idle = idleSince();
    const next = idle < idleMs - warnMs ? idleMs - warnMs - idle : idleMs - idle;
    clearTimeout(arm.timer);
    arm.timer = setTimeout(check, Math.max(next, 250));
  };

  dialog.querySelector("button").addEventListener("click", keep);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); keep(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });
  // A page that "back" brings out of the browser's memory may show what is already erased.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  note();
  arm();
})();

// Looks whether the card reader program runs on this computer and says so. Signing in works without this.
// A browser may want the person's leave before a site reaches this computer (Local Network Access); the form needs none.
"use strict";

(() => {
  const notices = {};
  for (const name of ["missing", "ask", "denied", "empty"]) notices[name] = document.getElementById(`reader-${name}`);
  if (!notices.missing) return;
  const pairing = document.querySelector("input[name=pairing]").value;

  const show = (name) => {
    for (const [each, notice] of Object.entries(notices)) notice.hidden = each !== name;
  };

  // "granted", "prompt" or "denied"; where the browser knows no such leave, or needs none, "granted".
  const leave = async () => {
    if (["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) return "granted";
    for (const name of ["loopback-network", "local-network-access"]) {
      try {
        return (await navigator.permissions.query({ name })).state;
      } catch {
        // an older name, or none at all
      }
    }
    return "granted";
  };

  const ask = async () => {
    try {
      const answer = await fetch(notices.missing.dataset.status, {
        cache: "no-store",
        credentials: "omit",
        headers: pairing ? { "Reader-Pairing": pairing } : {},
      });
      return await answer.json();
    } catch {
      return null;
    }
  };

  const look = async ({ wasPressed = false } = {}) => {
    const before = await leave();
    if (before === "prompt" && !wasPressed) return show("ask");
    const told = before === "denied" ? null : await ask();
    if (told) show(told.cards && told.cards.length === 0 ? "empty" : "");
    else show((await leave()) === "granted" ? "missing" : "denied");
    setTimeout(look, told && !(told.cards && told.cards.length === 0) ? 10000 : 2000);
  };

  document.getElementById("reader-look").addEventListener("click", () => look({ wasPressed: true }));
  look();
})();

// Looks whether the card reader program runs on this computer and says so. Signing in works without this.
"use strict";

(() => {
  const missing = document.getElementById("reader-missing");
  const empty = document.getElementById("reader-empty");
  if (!missing) return;

  const look = async () => {
    let cards = null;
    try {
      const answer = await fetch(missing.dataset.status, { cache: "no-store", credentials: "omit" });
      cards = (await answer.json()).cards;
    } catch {
      cards = null;
    }
    missing.hidden = cards !== null;
    empty.hidden = cards === null || cards.length > 0;
    setTimeout(look, cards === null || cards.length === 0 ? 2000 : 10000);
  };
  look();
})();

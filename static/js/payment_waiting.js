// Looks again while the bank has not told us, ten times and then no more. Without script there is a link.
"use strict";

(() => {
  const key = "payment-waiting:" + location.pathname;
  const tried = Number(sessionStorage.getItem(key) || 0);
  if (!document.querySelector("[data-waiting]") || tried >= 10) return;
  sessionStorage.setItem(key, String(tried + 1));
  setTimeout(() => location.reload(), 2000);
})();

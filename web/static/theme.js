// Light or dark is the system's choice until somebody chooses; known before anything is drawn, so that nothing flashes.
(() => {
  "use strict";
  try {
    const theme = JSON.parse(localStorage.getItem("theme"));
    if (theme) document.documentElement.dataset.theme = theme;
  } catch { /* private window */ }
  if (window.parent !== window) document.documentElement.dataset.framed = ""; // the page around has its own bar
})();

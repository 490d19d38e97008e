/* The live page: the language of the document, and names for marimo's buttons that have none. */
(() => {
  "use strict";
  const BUTTONS = {
    fold: "aside button", levers: "button[aria-haspopup=dialog]", more: "button[aria-haspopup=menu]",
  };
  let planned = 0;
  function name() {
    planned = 0;
    const results = document.querySelector(".koubei-results");
    if (!results) return;
    document.documentElement.lang = results.lang;
    for (const [word, where] of Object.entries(BUTTONS)) {
      for (const button of document.querySelectorAll(where)) {
        if (!button.textContent.trim()) button.setAttribute("aria-label", results.dataset[word]);
      }
    }
    for (const upload of document.querySelectorAll("marimo-file")) {
      const field = upload.shadowRoot?.querySelector("input[type=file]");
      const button = upload.shadowRoot?.querySelector("button");
      if (!field || !button) continue;
      field.setAttribute("aria-label", button.textContent);
      button.removeAttribute("role"); /* it is said to be no button */
    }
  }
  /* Attributes are not watched: what is done here calls nobody again. */
  new MutationObserver(() => { planned ||= requestAnimationFrame(name); })
    .observe(document, { childList: true, subtree: true });
})();

/* The charts of a page (chart.js); tables that are copied, saved and searched.
   Part of koubei_sim, MIT licence. */
(() => {
  "use strict";
  const root = document.documentElement;
  const given = JSON.parse(document.getElementById("report-data").textContent);
  const words = given.words;
  const say = (text) => { document.getElementById("said").textContent = text; };

  /* Tables. */
  const rowsOf = (table) => [...table.rows].filter((row) => !row.hidden).map((row) =>
    [...row.cells].map((cell) => ("v" in cell.dataset ? cell.dataset.v : cell.textContent)));
  async function copy(text, button) {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = document.createElement("textarea");
      field.value = text;
      document.body.append(field);
      field.select();
      done = document.execCommand("copy");
      field.remove();
    }
    say("");
    const before = button.dataset.before || button.textContent;
    button.dataset.before = before;
    button.textContent = done ? words.copied : before;
    say(done ? words.copied : words.not_copied);
    setTimeout(() => { button.textContent = before; }, 1600);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy) {
      const from = document.getElementById(button.dataset.copy);
      const text = from.tagName === "TABLE"
        ? rowsOf(from).map((row) => row.map((cell) => cell.replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n")
        : from.textContent;
      copy(text, button);
    } else if (button.dataset.csv) {
      const table = document.getElementById(button.dataset.csv);
      koubei.download(table.dataset.name, rowsOf(table));
    }
  });
  document.addEventListener("input", (event) => {
    const place = event.target.dataset.filter;
    if (!place) return;
    const wanted = event.target.value.toLowerCase();
    for (const row of document.getElementById(place).tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });

  /* Light, dark and paper. */
  const charts = given.charts.map((content) =>
    new koubei.Chart(content, document.getElementById(content.id), given.lang));
  const again = (width) => { for (const chart of charts) chart.draw(width); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => again());
  addEventListener("beforeprint", () => { root.classList.add("paper"); again(660); });
  addEventListener("afterprint", () => { root.classList.remove("paper"); again(); });
})();

/* A chart on a page of others: it draws itself whenever its numbers change.
   Needs chart.js.  Part of koubei_sim, MIT licence. */
customElements.define("koubei-chart", class extends HTMLElement {
  static observedAttributes = ["data-chart"];

  attributeChangedCallback() { if (this.isConnected) this.show(); }

  connectedCallback() { this.show(); }

  disconnectedCallback() { this.leave(); }

  /* What is inside is made here, so that whoever made this element has nothing in it to mend. */
  show() {
    const { lang, html, chart } = JSON.parse(this.dataset.chart);
    const before = this.drawn, parts = () => [...this.querySelectorAll("button, input")];
    const held = parts().indexOf(document.activeElement);
    this.style.minHeight = `${this.offsetHeight}px`; /* the page keeps its place meanwhile */
    this.leave();
    this.innerHTML = html;
    this.drawn = new koubei.Chart(chart, this.querySelector("figure"), lang, before);
    this.style.minHeight = "";
    if (held >= 0) parts()[held]?.focus();
  }

  leave() {
    if (this.drawn) this.drawn.leave();
    this.drawn = null;
  }
});

/* A chart that is read off, zoomed and saved: of a report, and of the live page.
   Needs uPlot; colours are those of the figure that it stands in.  Part of koubei_sim, MIT licence. */
const koubei = (() => {
  "use strict";

  /* Numbers, as numbers.py shows them. */
  const minus = (text) => text.replace("-", "\u2212");
  const grouped = (v) => v.toLocaleString("en-US", { maximumFractionDigits: 0 });
  const digits = (v, n) => String(Number(v.toPrecision(n)));
  function shown(v, kind) {
    if (v == null) return "\u2013";
    if (kind === "share") {
      const p = 100 * v, a = Math.abs(p);
      return minus(((a > 0 && a < 9.95) || (a > 99 && a < 99.95) ? p.toFixed(1) : p.toFixed(0)) + " %");
    }
    const whole = Math.abs(v) >= 100 || Number.isInteger(v);
    if (kind === "times") return "\u00d7 " + (v >= 100 ? grouped(v) : v.toPrecision(3));
    if (kind === "count") return minus(whole ? grouped(v) : digits(v, 3));
    return minus(Math.abs(v) >= 1e4 ? grouped(v) : digits(v, 4));
  }
  /* Short, for an axis. */
  function brief(v, kind, chinese) {
    if (v == null) return "";
    if (kind === "times") return "\u00d7" + digits(v, 3);
    if (kind !== "count") return shown(v, kind);
    const steps = chinese ? [[1e8, "\u4ebf"], [1e4, "\u4e07"]] : [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
    for (const [size, sign] of steps) {
      if (Math.abs(v) >= size) return minus(digits(v / size, 3) + sign);
    }
    return minus(digits(v, 3));
  }
  const dateOf = (start, day) =>
    new Date(Date.parse(start + "T00:00:00Z") + day * 864e5).toISOString().slice(0, 10);

  class Chart {
    /* `before` is a chart of the same place: what its reader has hidden and zoomed stays so. */
    constructor(content, figure, lang, before) {
      this.content = content;
      this.figure = figure;
      this.chinese = lang === "zh";
      this.canvas = this.figure.querySelector(".canvas");
      this.slide = this.figure.querySelector("input[type=range]");
      this.legend = this.figure.querySelector(".legend");
      this.named = content.lines.filter((line) => !line.thin);
      const alike = before && before.content.x.length === content.x.length
        && before.named.length === this.named.length;
      this.log = alike ? before.log : content.log === true;
      this.at = alike ? before.at : content.x.length - 1;
      this.hidden = new Set(alike ? before.hidden : []);
      this.items = this.named.map((line, k) => {
        const item = document.createElement("li"), button = document.createElement("button");
        const swatch = document.createElement("i"), text = document.createElement("span");
        button.type = "button";
        button.setAttribute("aria-pressed", String(!this.hidden.has(k)));
        button.append(swatch, text);
        button.addEventListener("click", () => {
          if (this.hidden.has(k)) this.hidden.delete(k); else this.hidden.add(k);
          button.setAttribute("aria-pressed", String(!this.hidden.has(k)));
          this.draw();
        });
        item.append(button);
        return { item, swatch, text };
      });
      this.day = document.createElement("li");
      this.legend.append(this.day, ...this.items.map((each) => each.item));
      this.slide.addEventListener("input", () => this.point(Number(this.slide.value)));
      for (const button of this.figure.querySelectorAll("[data-zoom]")) {
        button.addEventListener("click", () => this.zoom(button.dataset.zoom));
      }
      const log = this.figure.querySelector("[data-log]");
      if (log) {
        log.setAttribute("aria-pressed", String(this.log));
        log.addEventListener("click", () => {
          this.log = !this.log;
          log.setAttribute("aria-pressed", String(this.log));
          this.draw();
        });
      }
      this.figure.querySelector("[data-series]").addEventListener("click", () => this.save());
      this.draw();
      if (alike) {
        const { min, max } = before.plot.scales.x;
        this.plot.setScale("x", { min, max });
      }
      this.width = this.canvas.clientWidth;
      this.watch = new ResizeObserver(() => {
        const width = this.canvas.clientWidth;
        if (width > 0 && width !== this.width) {
          this.width = width;
          this.plot.setSize({ width, height: this.height() });
        }
      });
      this.watch.observe(this.canvas);
    }

    /* Lets go of the page. */
    leave() {
      this.watch.disconnect();
      this.plot.destroy();
    }

    height() { return this.canvas.clientWidth < 560 ? 260 : 340; }

    /* What is drawn: on a logarithmic scale only what is above 0. */
    values(list, low) {
      if (!this.log) return list;
      return list.map((v, k) => (v > 0 ? v : low && low[k] > 0 ? Math.min(1, low[k]) : null));
    }

    draw(width) {
      const look = getComputedStyle(this.figure), colour = (name) => look.getPropertyValue(name).trim();
      const c = this.content, ink = colour("--soft"), rule = colour("--rule");
      const data = [c.x], series = [{}], bands = [];
      for (const line of c.lines) {
        const k = this.named.indexOf(line);
        const on = line.thin || !this.hidden.has(k);
        const tint = line.faint ? colour("--faint") : colour("--s" + (line.c % 6));
        if (line.lo) {
          data.push(this.values(line.hi), this.values(line.lo, line.hi));
          const side = { show: on, stroke: "transparent", width: 0, points: { show: false } };
          series.push(side, { ...side });
          bands.push({ series: [series.length - 2, series.length - 1], fill: tint + "30" });
        }
        data.push(this.values(line.v));
        if (line.points) {
          const points = { show: true, size: 9, width: 1.5, stroke: colour("--ink"), fill: colour("--paper") };
          series.push({ show: on, width: 0, paths: () => null, points });
          this.items[k].swatch.className = "seen";
          continue;
        }
        series.push({
          show: on,
          stroke: line.thin ? tint + (line.faint ? "90" : "66") : tint,
          width: line.thin ? 1 : 2.25,
          dash: line.thin && line.faint ? [4, 3] : undefined,
          points: { show: c.x.length < 3 },
        });
        if (k >= 0) this.items[k].swatch.style.background = tint;
      }
      const old = this.plot && [this.plot.scales.x.min, this.plot.scales.x.max];
      if (this.plot) this.plot.destroy();
      const font = "12px " + look.fontFamily;
      /* On a logarithmic scale a line for each power of ten. */
      const round = (u, splits) => (u.scales.y.distr === 3
        ? splits.map((v) => (v == null || Number.isInteger(Number(Math.log10(v).toFixed(9))) ? v : null)) : splits);
      const axis = { stroke: ink, font, labelFont: font, grid: { stroke: rule, width: 1, filter: round }, ticks: { stroke: rule, width: 1 } };
      const narrow = (width || this.canvas.clientWidth) < 560;
      this.plot = new uPlot({
        width: width || this.canvas.clientWidth || 600,
        height: this.height(),
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false }, points: { size: 8 } },
        scales: { x: { time: false }, y: this.log ? { distr: 3, log: 10 } : {} },
        series, bands,
        axes: [
          { ...axis, grid: { stroke: rule, width: 1 }, label: c.start ? undefined : c.xTitle, space: c.start ? 110 : 60,
            incrs: [1, 2, 5, 7, 14, 30, 60, 90, 180, 365, 730, 1825, 3650],
            values: (u, splits) => splits.map((v) => (c.start ? dateOf(c.start, v) : shown(v, "count"))) },
          { ...axis, label: narrow ? undefined : c.y, size: 58, values: (u, splits) => splits.map((v) => brief(v, c.kind, this.chinese)) },
        ],
        hooks: { setCursor: [(u) => { if (u.cursor.idx != null && u.cursor.left >= 0) this.read(u.cursor.idx); }] },
      }, data, this.canvas);
      if (old && old[0] != null) this.plot.setScale("x", { min: old[0], max: old[1] });
      this.read(this.at);
    }

    read(at) {
      const c = this.content;
      this.at = at;
      this.slide.value = String(at);
      const day = c.x[at];
      const place = c.at.replace("#", c.start ? day : shown(day, "count"));
      const said = c.start ? `${dateOf(c.start, day)} (${place})` : place;
      this.day.textContent = said;
      this.slide.setAttribute("aria-valuetext", said);
      this.named.forEach((line, k) => {
        const low = line.lo && line.lo[at], high = line.hi && line.hi[at];
        const span = low != null && high != null ? ` (${shown(low, c.kind)} \u2026 ${shown(high, c.kind)})` : "";
        this.items[k].text.textContent = `${line.t}: ${shown(line.v[at], c.kind)}${span}`;
      });
    }

    point(at) {
      this.read(at);
      const left = this.plot.valToPos(this.content.x[at], "x");
      if (left >= 0 && left <= this.plot.bbox.width / devicePixelRatio) this.plot.setCursor({ left, top: 10 });
    }

    zoom(way) {
      const x = this.content.x, first = x[0], last = x[x.length - 1];
      let { min, max } = this.plot.scales.x;
      if (way === "whole") [min, max] = [first, last];
      else {
        const half = (max - min) * (way === "in" ? 0.25 : 1);
        const here = x[this.at];
        const middle = way === "in" && here >= min && here <= max ? here : (min + max) / 2;
        min = Math.max(first, Math.min(middle - half, last - 2 * half));
        max = Math.min(last, min + 2 * half);
      }
      this.plot.setScale("x", { min, max });
    }

    save() {
      const c = this.content, heads = [c.xTitle], columns = [c.x];
      if (c.start) { heads.push("date"); columns.push(c.x.map((day) => dateOf(c.start, day))); }
      for (const line of c.lines) {
        heads.push(line.t);
        columns.push(line.v);
        if (line.lo) { heads.push(line.t + " low", line.t + " high"); columns.push(line.lo, line.hi); }
      }
      const rows = c.x.map((_, k) => columns.map((column) => column[k] ?? ""));
      download(c.name, [heads, ...rows]);
    }
  }

  const quoted = (cell) => {
    const text = String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  function download(name, rows) {
    const text = "\ufeff" + rows.map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name + ".csv";
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  return { Chart, download };
})();

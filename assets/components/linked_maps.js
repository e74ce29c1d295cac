// Maps of the same films side by side: zoom and pan each, hover for the title, choose a film in one and see it in all.
// Points are blended into the pixels here: 20,000 of them take some 20 ms without a graphics card, where the canvas's
// own drawing of as many small pictures took ten times as long.
const el = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
};
const RATIO = () => window.devicePixelRatio || 1;
const HOME = { x: 0.5, y: 0.5, zoom: 1 };

const STEPS = 4;  // places within a pixel, in each direction
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

// How much of each pixel a disc covers, for every place of its centre within a pixel.
function discs(radius) {
  const mid = Math.ceil(radius) + 1, side = 2 * mid + 1, covers = [];
  for (let place = 0; place < STEPS * STEPS; place++) {
    const cx = mid + ((place % STEPS) + 0.5) / STEPS, cy = mid + (Math.floor(place / STEPS) + 0.5) / STEPS, cover = new Float32Array(side * side);
    for (let k = 0; k < cover.length; k++) cover[k] = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot((k % side) + 0.5 - cx, Math.floor(k / side) + 0.5 - cy)));
    covers.push(cover);
  }
  return { mid, side, covers };
}

// Lay one disc over what is there (Porter and Duff's "over", colours not premultiplied).
function stamp(image, x, y, { mid, side, covers }, [r, g, b], alpha) {
  const { data, width, height } = image, left = Math.floor(x) - mid, top = Math.floor(y) - mid;
  const cover = covers[Math.floor((y - Math.floor(y)) * STEPS) * STEPS + Math.floor((x - Math.floor(x)) * STEPS)];
  if (left < 0 || top < 0 || left + side > width || top + side > height) return;
  for (let row = 0, k = 0; row < side; row++) {
    for (let at = 4 * ((top + row) * width + left), end = at + 4 * side; at < end; at += 4, k++) {
      if (!cover[k]) continue;
      const a = cover[k] * alpha, under = data[at + 3] / 255 * (1 - a), sum = a + under, put = a / sum;
      data[at] += (r - data[at]) * put; data[at + 1] += (g - data[at + 1]) * put; data[at + 2] += (b - data[at + 2]) * put; data[at + 3] = 255 * sum;
    }
  }
}

// Positions as shares of the smallest square that holds them, the same unit on both axes, y upwards.
function normalised(xs, ys) {
  const span = (values) => { let low = Infinity, high = -Infinity; for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); } return [low, high]; };
  const [x0, x1] = span(xs), [y0, y1] = span(ys), size = Math.max(x1 - x0, y1 - y0) || 1;
  const at = (values, low, high, sign) => Float32Array.from(values, (v) => 0.5 + sign * (v - (low + high) / 2) / size);
  return { x: at(xs, x0, x1, 1), y: at(ys, y0, y1, -1) };
}

class LensMap {
  constructor(lens, spec) {
    this.lens = lens; this.spec = spec; this.view = { ...HOME }; this.pointers = new Map();
    this.figure = el("figure"); this.canvas = el("canvas"); this.tip = el("div", "tip"); this.tip.hidden = true;
    const head = el("div", "head"), tools = el("div");
    for (const [sign, name, act] of [["−", "Zoom out", () => this.zoom(1 / 1.5)], ["+", "Zoom in", () => this.zoom(1.5)], ["↺", "Show all", () => this.home()]]) {
      const button = el("button", "", sign); button.type = "button"; button.title = name; button.setAttribute("aria-label", `${name}: ${spec.name}`);
      button.onclick = act; tools.append(button);
    }
    head.append(el("b", "", spec.name), spec.note, tools);
    this.list = el("dl", "figures");
    this.canvas.tabIndex = 0; this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", `Map ${spec.name}. Arrow keys move, plus and minus zoom, Enter chooses the film nearest the centre, Escape clears.`);
    this.figure.append(head, this.canvas, this.list, this.tip);
    this.listen();
  }
  listen() {
    const c = this.canvas, place = (e) => { const box = c.getBoundingClientRect(); return [e.clientX - box.left, e.clientY - box.top]; };
    c.onpointerdown = (e) => { c.setPointerCapture(e.pointerId); this.pointers.set(e.pointerId, place(e)); this.moved = false; };
    c.onpointermove = (e) => this.pointer(e, place(e));
    c.onpointerup = c.onpointercancel = (e) => {
      this.pointers.delete(e.pointerId);
      if (e.type === "pointerup" && !this.moved) this.lens.choose(this.nearest(...place(e), 14));
    };
    c.onpointerleave = () => { this.tip.hidden = true; };
    // The wheel scrolls the page until a map was clicked or Ctrl is held; then it zooms.
    c.addEventListener("wheel", (e) => {
      if (!e.ctrlKey && !e.metaKey && c.getRootNode().activeElement !== c) return;
      e.preventDefault(); this.zoom(Math.exp(-e.deltaY / 300), ...place(e));
    }, { passive: false });
    c.onkeydown = (e) => {
      const step = { ArrowLeft: [-40, 0], ArrowRight: [40, 0], ArrowUp: [0, -40], ArrowDown: [0, 40] }[e.key];
      if (step) this.pan(-step[0], -step[1]);
      else if (e.key === "+" || e.key === "=") this.zoom(1.5);
      else if (e.key === "-") this.zoom(1 / 1.5);
      else if (e.key === "0" || e.key === "Home") this.home();
      else if (e.key === "Enter") this.lens.choose(this.nearest(this.w / 2, this.h / 2, Infinity));
      else if (e.key === "Escape") this.lens.choose(-1);
      else return;
      e.preventDefault();
    };
  }
  pointer(e, [x, y]) {
    const old = this.pointers.get(e.pointerId);
    if (!old) return this.hover(x, y);
    const others = [...this.pointers].filter(([id]) => id !== e.pointerId).map(([, at]) => at);
    if (!this.moved && Math.hypot(x - old[0], y - old[1]) < 4 && !others.length) return;
    this.moved = true; this.tip.hidden = true;
    if (others.length) this.zoom(Math.hypot(x - others[0][0], y - others[0][1]) / (Math.hypot(old[0] - others[0][0], old[1] - others[0][1]) || 1), ...others[0]);
    else this.pan(x - old[0], y - old[1]);
    this.pointers.set(e.pointerId, [x, y]);
  }
  pan(dx, dy) { this.view.x -= dx / this.unit; this.view.y -= dy / this.unit; this.draw(); }
  zoom(by, x = this.w / 2, y = this.h / 2) {
    const zoom = Math.max(0.8, Math.min(60, this.view.zoom * by)), grown = this.unit * zoom / this.view.zoom;
    this.view.x += (x - this.w / 2) * (1 / this.unit - 1 / grown); this.view.y += (y - this.h / 2) * (1 / this.unit - 1 / grown);
    this.view.zoom = zoom; this.draw();
  }
  home() { this.view = { ...HOME }; this.draw(); }
  get unit() { return (Math.min(this.w, this.h) - 28) * this.view.zoom; }
  at(n) { return [this.w / 2 + (this.points.x[n] - this.view.x) * this.unit, this.h / 2 + (this.points.y[n] - this.view.y) * this.unit]; }
  nearest(x, y, within) {
    let best = -1, least = within * within;
    for (let n = 0; n < this.points.x.length; n++) { const [px, py] = this.at(n), d = (px - x) ** 2 + (py - y) ** 2; if (d < least) { least = d; best = n; } }
    return best;
  }
  hover(x, y) {
    const n = this.nearest(x, y, 10);
    this.tip.hidden = n < 0;
    if (n < 0) return;
    this.tip.replaceChildren(this.lens.title(n), el("span", "", this.lens.genres(n)));
    this.tip.style.left = `${Math.max(4, Math.min(x + 12, this.w - this.tip.offsetWidth - 6))}px`;
    this.tip.style.top = `${y + 38 + 14}px`;
  }
  show(spec, points) {
    this.spec = spec; this.points = points;
    this.list.replaceChildren(...spec.figures.map(([name, value, hint]) => { const box = el("div"); box.title = hint; box.append(el("dt", "", name), el("dd", "", value)); return box; }));
  }
  size(height) {
    this.w = this.canvas.clientWidth; this.h = height;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(this.w * RATIO()); this.canvas.height = Math.round(height * RATIO());
    this.draw();
  }
  draw() {
    if (!this.points || !this.w) return;
    const { groups, colours, data } = this.lens, ratio = RATIO(), grow = Math.min(Math.sqrt(this.view.zoom), 3) * this.lens.grow * ratio;
    const pen = this.canvas.getContext("2d"), image = pen.createImageData(this.canvas.width, this.canvas.height);
    const { x, y } = this.points, unit = this.unit * ratio, left = image.width / 2 - this.view.x * unit, top = image.height / 2 - this.view.y * unit;
    for (let layer = 0; layer < 2; layer++) {  // the rest below, the colours above
      const disc = discs((layer ? 2.7 : 1.75) * grow), alpha = layer ? 0.82 : data.rest.opacity;
      for (let n = 0; n < groups.length; n++) if ((groups[n] >= 0) === (layer === 1)) stamp(image, left + x[n] * unit, top + y[n] * unit, disc, colours[groups[n] + 1], alpha);
    }
    pen.setTransform(1, 0, 0, 1, 0, 0); pen.putImageData(image, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (this.lens.film >= 0) this.label(pen, this.lens.film);
  }
  label(pen, n) {
    const [x, y] = this.at(n), { ink, page } = this.lens, text = this.lens.title(n);
    for (const [radius, colour] of [[5.6, page], [4.6, ink], [3.4, page], [2.7, this.lens.colour(n)]]) { pen.fillStyle = colour; pen.beginPath(); pen.arc(x, y, radius, 0, 7); pen.fill(); }
    pen.font = `600 13px ${this.lens.font}`; pen.lineJoin = "round"; pen.lineWidth = 4; pen.strokeStyle = page; pen.fillStyle = ink;
    const wide = pen.measureText(text).width, left = Math.max(4, Math.min(x - wide / 2, this.w - wide - 4)), top = y < 30 ? y + 20 : y - 11;
    pen.strokeText(text, left, top); pen.fillText(text, left, top);
  }
}

class Lens {
  constructor(root) { this.root = root; this.maps = []; this.film = -1; }
  update(data, tell) {
    const same = this.data && this.data.layout === data.layout, style = getComputedStyle(this.root);
    this.data = data; this.tell = tell; this.film = data.film ?? -1;
    this.ink = style.getPropertyValue("--st-text-color").trim(); this.page = style.getPropertyValue("--st-background-color").trim(); this.font = style.fontFamily;
    const column = (name) => data.points.getChild(name);
    this.titles = column("title"); this.named = column("genres"); this.groups = Int8Array.from(column("group"));
    this.colours = [data.rest, ...data.groups].map((group) => rgb(group.colour));
    this.grow = this.groups.length < 1500 ? 1.3 : 1;  // few films are drawn larger
    if (!same) this.build(data);
    this.maps.forEach((map, n) => map.show(data.maps[n], same ? map.points : normalised(column(`x_${map.spec.key}`), column(`y_${map.spec.key}`))));
    this.legend.replaceChildren(...[...data.groups, data.rest].filter((g) => g.count).map((group) => this.entry(group)), this.chosen);
    this.announce(); this.maps.forEach((map) => map.size(data.height));
  }
  build(data) {
    const row = el("div", "row");
    this.legend = el("div", "legend"); this.chosen = el("span", "chosen"); this.chosen.setAttribute("role", "status");
    this.root.style.setProperty("--muted", data.muted); row.style.setProperty("--n", data.maps.length);
    this.maps = data.maps.map((spec) => new LensMap(this, spec));
    row.append(...this.maps.map((map) => map.figure)); this.root.replaceChildren(this.legend, row);
    this.observer?.disconnect();
    this.observer = new ResizeObserver(() => this.maps.forEach((map) => { if (map.canvas.clientWidth !== map.w) map.size(this.data.height); }));
    this.observer.observe(row);
  }
  entry({ name, colour, count, rest }) {
    const item = el("span"), mark = el("i"); mark.style.background = colour;
    item.append(mark, el(rest ? "span" : "b", "", name), ` ${count.toLocaleString("en")}`); return item;
  }
  title(n) { return this.titles.get(n); }
  genres(n) { return this.named.get(n); }
  colour(n) { return this.groups[n] < 0 ? this.data.rest.colour : this.data.groups[this.groups[n]].colour; }
  announce() { this.chosen.textContent = this.film >= 0 ? `${this.title(this.film)} in ${this.maps.length === 3 ? "all three" : "every map"}` : ""; }
  choose(n) { this.film = n; this.announce(); this.maps.forEach((map) => map.draw()); this.tell(n); }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".maps");
  root.lens ??= new Lens(root);
  root.lens.update(data, (film) => setTriggerValue("chosen", film));
  return () => root.lens.observer?.disconnect();
}

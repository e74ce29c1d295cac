// One map: its figure with head, canvas and honesty line, and what mouse, finger and keys do on it.
const KEYS = "Arrow keys move, plus and minus zoom, 0 shows all, Enter chooses the film nearest the centre, brackets grow and "
  + "shrink a box around the centre which Enter selects, Space selects the chosen film with its neighbours, "
  + "M, L and B take the tools Move, Lasso and Box, Escape clears.";
const STEP = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
const modeOf = (e, lassoing) => (e.altKey ? "remove" : e.ctrlKey || e.metaKey || (e.shiftKey && lassoing) ? "add" : "new");

class LensMap {
  constructor(lens, spec) {
    this.lens = lens; this.spec = spec; this.pointers = new Map();
    this.view = new View(() => { this.tip.hidden = true; this.draw(); });
    this.figure = el("figure"); this.canvas = el("canvas"); this.tip = el("div", "tip"); this.tip.hidden = true;
    const head = el("div", "head"), tools = el("div");
    const acts = [["−", "Zoom out", () => this.view.scale(1 / 1.5)], ["+", "Zoom in", () => this.view.scale(1.5)], ["↺", "Show all", () => this.view.home()]];
    for (const [sign, name, act] of acts) {
      const button = press(sign, act); button.title = name; button.setAttribute("aria-label", `${name}: ${spec.name}`);
      tools.append(button);
    }
    head.append(el("b", "", spec.name), el("span", "", spec.note), tools);
    this.list = el("dl", "figures");
    this.canvas.tabIndex = 0; this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", `Map ${spec.name}. ${KEYS}`);
    this.figure.append(head, this.canvas, this.list, this.tip);
    this.listen();
  }
  get w() { return this.view.w; }
  get h() { return this.view.h; }
  at(n) { return this.view.at(this.points.x[n], this.points.y[n]); }
  place([x, y]) { return this.view.at(this.points.toX(x), this.points.toY(y)); }
  listen() {
    const c = this.canvas, place = (e) => {
      const box = c.getBoundingClientRect(), by = zoomed(c);
      return [(e.clientX - box.left) / by, (e.clientY - box.top) / by];
    };
    c.onpointerdown = (e) => this.down(e, place(e));
    c.onpointermove = (e) => this.pointer(e, place(e));
    c.onpointerup = c.onpointercancel = (e) => this.up(e, place(e));
    c.onpointerleave = () => { this.tip.hidden = true; };
    c.onfocus = c.onblur = () => this.draw();
    // The wheel scrolls the page until a map was clicked or Ctrl is held; then it zooms.
    c.addEventListener("wheel", (e) => {
      if (!e.ctrlKey && !e.metaKey && c.getRootNode().activeElement !== c) return;
      e.preventDefault(); this.view.scale(Math.exp(-e.deltaY / 300), ...place(e));
    }, { passive: false });
    c.onkeydown = (e) => { if (this.key(e)) { e.preventDefault(); e.stopPropagation(); } };
  }
  down(e, at) {
    this.canvas.setPointerCapture(e.pointerId); this.pointers.set(e.pointerId, at); this.moved = false;
    if (this.pointers.size > 1) { this.drag = null; this.lens.draft(null); return; }  // a second finger: the map is pinched
    const tool = this.lens.tool === "move" && e.shiftKey ? "lasso" : this.lens.tool;
    this.drag = tool === "move" ? null : { tool, mode: modeOf(e, this.lens.tool !== "move"), corners: [at], from: at };
  }
  pointer(e, [x, y]) {
    const old = this.pointers.get(e.pointerId);
    if (!old) return this.hover(x, y);
    const others = [...this.pointers].filter(([id]) => id !== e.pointerId).map(([, at]) => at);
    if (!this.moved && Math.hypot(x - old[0], y - old[1]) < 4 && !others.length) return;
    this.moved = true; this.tip.hidden = true;
    if (others.length) this.view.scale(Math.hypot(x - others[0][0], y - others[0][1]) / (Math.hypot(old[0] - others[0][0], old[1] - others[0][1]) || 1), ...others[0]);
    else if (this.drag) this.reach(x, y);
    else this.view.pan(x - old[0], y - old[1]);
    this.pointers.set(e.pointerId, [x, y]);
  }
  // The lasso or box grows to a pixel; its films are shown in every map with the next picture.
  reach(x, y) {
    const { tool, from, corners } = this.drag, last = corners.at(-1);
    if (tool === "box") this.drag.corners = rectangle(...from, x, y);
    else if (Math.hypot(x - last[0], y - last[1]) >= FINEST) corners.push([x, y]);
    this.lens.draft(this, this.drag.corners.map(([px, py]) => this.view.back(px, py)), this.drag.mode);
  }
  up(e, at) {
    const clean = e.type === "pointerup";
    this.pointers.delete(e.pointerId);
    if (this.drag && this.moved) clean ? this.lens.finish() : this.lens.draft(null);
    else if (clean && !this.moved) {
      const n = this.nearest(...at, 14);
      if ((e.ctrlKey || e.metaKey) && n >= 0) this.lens.toggle(n); else this.lens.choose(n);
    }
    this.drag = null;
  }
  key(e) {
    const { lens, view } = this;
    if (STEP[e.key]) view.pan(...STEP[e.key]);
    else if (e.key === "+" || e.key === "=") view.scale(1.5);
    else if (e.key === "-") view.scale(1 / 1.5);
    else if (e.key === "0" || e.key === "Home") view.home();
    else if (e.key === "[" || e.key === "]") this.grow(e.key === "]" ? 1.25 : 0.8);
    else if (e.key === "Enter" && lens.drafted) { this.half = 0; lens.finish(); }
    else if (e.key === "Enter") lens.choose(this.nearest(this.w / 2, this.h / 2, Infinity));
    else if (e.key === " ") this.gather(e.shiftKey ? "add" : "new");
    else if (e.key === "Escape") { this.half = 0; lens.clear(); }
    else if (!e.ctrlKey && !e.metaKey && "mlb".includes(e.key)) lens.take({ m: "move", l: "lasso", b: "box" }[e.key]);
    else return false;
    return true;
  }
  grow(by) {
    this.half = Math.max(8, Math.min(this.h / 2 - 4, (this.lens.drafted?.map === this && this.half) ? this.half * by : 24));
    const [x, y] = [this.w / 2, this.h / 2], corners = rectangle(x - this.half, y - this.half, x + this.half, y + this.half);
    this.lens.draft(this, corners.map((at) => this.view.back(...at)), "new");
  }
  gather(mode) {
    const n = this.lens.film >= 0 ? this.lens.film : this.nearest(this.w / 2, this.h / 2, Infinity), mask = new Uint8Array(this.points.x.length);
    for (const other of [n, ...this.lens.near(this.spec.key, n)]) mask[other] = 1;
    this.lens.select(combined(this.lens.selected, mask, mode), { map: this, polygon: [], alone: mode === "new" });
  }
  nearest(px, py, within) {
    const { unit } = this.view, [x, y] = this.view.back(px, py), xs = this.points.x, ys = this.points.y;
    let best = -1, least = (within / unit) ** 2;
    for (let n = 0; n < xs.length; n++) { const d = (xs[n] - x) ** 2 + (ys[n] - y) ** 2; if (d < least) { least = d; best = n; } }
    return best;
  }
  hover(x, y) {
    const n = this.nearest(x, y, 10);
    this.tip.hidden = n < 0;
    if (n < 0) return;
    this.tip.replaceChildren(this.lens.title(n), el("span", "", this.lens.genres(n)), ...this.lens.told(n).map((text) => el("span", "", text)));
    this.tip.style.left = `${Math.max(4, Math.min(x + 12, this.w - this.tip.offsetWidth - 6))}px`;
    this.tip.style.top = `${y + 38 + 14}px`;
  }
  show(spec) {
    this.spec = spec;
    this.list.replaceChildren(...spec.figures.map(([name, value, hint]) => {
      const box = el("div"); box.title = hint; box.append(el("dt", "", name), el("dd", "", value)); return box;
    }));
    this.canvas.style.touchAction = this.lens.tool === "move" ? "pan-y" : "none";
  }
  size(height) {
    Object.assign(this.view, { w: this.canvas.clientWidth, h: height });
    this.canvas.style.height = `${height}px`;
    this.dense = ratio() * zoomed(this.canvas);
    this.canvas.width = Math.round(this.w * this.dense); this.canvas.height = Math.round(height * this.dense);
    this.draw();
  }
  // One picture a frame, however often something changes meanwhile.
  draw() { this.frame ??= requestAnimationFrame(() => this.now()); }
  now() { cancelAnimationFrame(this.frame); this.frame = null; this.paint(this.canvas, this.dense); }
  paint(canvas, scale) {
    if (!this.points || !this.w || !this.lens.look) return;
    const { lens } = this, pen = canvas.getContext("2d"), image = pen.createImageData(canvas.width, canvas.height);
    const frame = this.frameOf(canvas, scale), shown = lens.shown;
    image.data.set(this.films(image, frame, scale).data);
    if (shown) paintRings(image, this.points, frame, shown, lens.look.colours, lens.look.ink, lens.look.page);
    pen.setTransform(1, 0, 0, 1, 0, 0); pen.putImageData(image, 0, 0); pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.marks(pen);
  }
  frameOf({ width, height }, scale) {
    const unit = this.view.unit * scale, grow = Math.min(Math.sqrt(this.view.zoom), 3) * this.lens.grow * scale;
    return { unit, grow, left: width / 2 - this.view.x * unit, top: height / 2 - this.view.y * unit };
  }
  // The points without the selection, kept while only the selection changes.
  films(image, frame, scale) {
    const { lens, view } = this, kept = [image.width, image.height, view.x, view.y, view.zoom, scale, lens.version, lens.points, !!lens.shown].join();
    if (this.kept !== kept) {
      this.base = filled(new ImageData(image.width, image.height), lens.look.page);
      if (lens.points) paintFilms(this.base, this.points, frame, { ...lens.look, alpha: lens.look.alpha[lens.shown ? 1 : 0] });
      this.kept = kept;
    }
    return this.base;
  }
  marks(pen) {
    const { lens } = this, taken = [], { film } = lens;
    if (film >= 0) drawNeighbours(pen, this, film, lens.near(this.spec.key, film), (n) => lens.shade(n), lens);
    const box = film >= 0 ? drawFilm(pen, this, film, lens.title(film), lens.shade(film), lens) : null;
    if (box) taken.push(box);
    if (lens.labelled) drawNames(pen, this, lens.names(), this.spec.key, taken, lens);
    if (lens.outline?.map === this) drawOutline(pen, lens.outline.polygon.map(([x, y]) => this.view.at(x, y)), lens);
    if (this.canvas.matches(":focus-visible")) drawCross(pen, this, lens);
  }
}

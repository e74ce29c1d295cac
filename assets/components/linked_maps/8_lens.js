// What the maps share: the films, their colours, the chosen film, the selection; and what is told to the page.
const PATIENCE = 5000;  // milliseconds in which an answer to what was told is awaited

class Lens {
  constructor(root) {
    this.root = root; this.maps = []; this.film = -1; this.tool = "move"; this.points = true; this.version = 0;
    this.selected = this.drafted = this.outline = this.isolated = this.awaited = this.wishes = null;
  }
  // The films: the same for every choice on the page, so they are sent once.
  hold(points, layout) {
    if (this.layout === layout) return;
    const column = table(points);
    this.column = column; this.titles = column("title"); this.named = column("genres"); this.count = this.titles.length;
    this.placed = (part) => normalised(column(`x_${part}`), column(`y_${part}`));
    this.layout = layout; this.built = this.look = null;
  }
  // The view: colours, legend, chosen film, selection.
  update(data, tell) {
    if (tell) this.tell = tell;
    const first = this.built !== data.layout;
    this.data = data;
    this.inks();
    if (first) this.build(data);
    if (data.colouring !== this.coloured) { this.isolated = null; this.coloured = data.colouring; this.wishes = null; }
    this.colour();
    this.adopt(data, first);
    this.maps.forEach((map, n) => map.show(data.maps[n]));
    this.panel.entries(); this.panel.show();
    this.maps.forEach((map) => (map.h === data.height && map.w === map.canvas.clientWidth ? map.draw() : map.size(data.height)));
    this.watch();
  }
  inks() {
    const style = getComputedStyle(this.root), name = (variable) => style.getPropertyValue(variable).trim();
    this.ink = name("--st-text-color"); this.page = name("--st-background-color"); this.border = name("--st-border-color");
    this.font = style.fontFamily;
    this.root.style.setProperty("--muted", this.data.muted);
  }
  build(data) {
    const row = el("div", "row");
    row.style.setProperty("--n", data.maps.length);
    this.panel = new Panel(this);
    this.maps = data.maps.map((spec) => new LensMap(this, spec));
    this.maps.forEach((map) => { map.points = this.placed(map.spec.key); });
    row.append(...this.maps.map((map) => map.figure));
    this.root.replaceChildren(this.panel.node, this.panel.legend, row);
    this.outline = this.drafted = null; this.built = data.layout; this.grow = this.count < 1500 ? 1.3 : 1;  // few films are drawn larger
    this.observer?.disconnect();
    this.observer = new ResizeObserver(() => this.maps.forEach((map) => { if (map.canvas.clientWidth !== map.w) map.size(this.data.height); }));
  }
  watch() { this.observer.observe(this.root.querySelector(".row")); }
  close() { this.observer?.disconnect(); this.maps.forEach((map) => map.view.land()); }
  // Colour and layer of every film; nothing is painted anew where they stay.
  colour() {
    const { rest, groups, scale } = this.data, asked = JSON.stringify([rest, groups, scale, this.data.codes, this.isolated, this.ink, this.page]);
    if (this.look && this.asked === asked) return;
    this.asked = asked;
    const colours = new Uint8Array(3 * this.count), layers = new Uint8Array(this.count);
    const palette = [rest, ...groups].map((group) => rgb(group.colour)), stops = scale?.stops.map(rgb), plain = rgb(rest.colour);
    const codes = scale ? null : unpackedBytes(this.data.codes), values = scale ? this.column(scale.column) : null, alone = this.alone();
    for (let n = 0; n < this.count; n++) {
      let shade = plain;
      if (scale) {
        const at = shareOf(values.get(n), scale);
        if (at !== null) { layers[n] = 1; shade = stops[Math.round(at * (stops.length - 1))]; }
      } else if (alone) { if (alone[n]) { layers[n] = 1; shade = palette[1 + groups.findIndex((g) => g.name === this.isolated)]; } }
      else if (codes[n]) { layers[n] = 1; shade = palette[codes[n]]; }
      colours.set(shade, 3 * n);
    }
    this.look = { layers, colours, ink: rgb(this.ink), page: rgb(this.page), radius: [RADIUS.rest, scale ? RADIUS.plain : RADIUS.colour] };
    // With nothing selected, and beside a selection: where every film is coloured, more has to step back.
    const [full, faded] = this.data.colouring === "focus" ? [0.82, 0.58] : [0.78, 0.36];
    this.look.alpha = [[rest.opacity, full], [rest.opacity, faded]];
    this.version++;
  }
  // The films that carry the isolated genre, whatever colour they take beside others.
  alone() { return this.isolated && Uint8Array.from({ length: this.count }, (_, n) => this.genres(n).split(", ").includes(this.isolated)); }
  // Take film and selection from the page, unless they are older than what was told to it last.
  adopt({ film, selected }, first) {
    const wanted = film ?? -1, sent = JSON.stringify([wanted, selected]);
    if (this.awaited && sent !== this.awaited && performance.now() - this.toldAt < PATIENCE) return;
    const own = sent === this.awaited;
    this.awaited = null;
    if (this.drafted) return;
    if (!own && (selected || "") !== packed(this.selected ?? new Uint8Array(0))) { this.selected = unpacked(selected, this.count); this.outline = null; }
    if (wanted !== this.film) {
      this.film = wanted;
      if (!own && !first && wanted >= 0) this.maps.forEach((map) => map.view.fly(map.points.x[wanted], map.points.y[wanted]));
    }
  }
  get shown() { return this.drafted ? this.drafted.mask : this.selected; }
  get labelled() { return this.wishes ?? this.data.colouring === "genres"; }
  names() { return this.data.labels.filter(({ name }) => !this.isolated || name === this.isolated); }
  title(n) { return this.titles.get(n); }
  genres(n) { return this.named.get(n); }
  near(part, n) { return Array.from(this.column(`near_${part}`)?.get(n) ?? []); }
  shade(n) { return `rgb(${this.look.colours.subarray(3 * n, 3 * n + 3).join(" ")})`; }
  told(n) {
    const { scale } = this.data;
    return scale ? [`${scale.short} ${valueText(this.column(scale.column).get(n), scale)}`] : [];
  }
  words() {
    const everywhere = this.maps.length === 3 ? "all three" : "every map";
    if (!this.shown && this.film >= 0) return `${this.title(this.film)} in ${everywhere}`;
    if (!this.shown) return this.isolated ? `${this.isolated}: ${thousands(counted(this.alone()))} films carry it` : "";
    const n = counted(this.shown), where = this.outline?.alone ? ` in ${this.outline.map.spec.name}` : "";
    return `${thousands(n)} ${n === 1 ? "film" : "films"} selected${where}`;
  }
  refresh() { this.panel.show(); this.maps.forEach((map) => map.draw()); }
  take(tool) { this.tool = tool; this.maps.forEach((map) => map.show(map.spec)); this.refresh(); }
  layer(name) { if (name === "points") this.points = !this.points; else this.wishes = !this.labelled; this.refresh(); }
  isolate(name) { this.isolated = this.isolated === name ? null : name; this.colour(); this.panel.entries(); this.refresh(); }
  // A selection that is being drawn, shown in all maps; null leaves it off. One look at the films a frame is enough.
  draft(map, polygon, mode) {
    if (!map) { this.drafted = null; this.outline = this.outline?.draft ? null : this.outline; return this.refresh(); }
    this.outline = { map, polygon, draft: true, alone: mode === "new" };
    this.drafted = { map, mode, polygon, mask: this.drafted?.mask ?? this.selected ?? new Uint8Array(this.count) };
    this.measuring ??= requestAnimationFrame(() => { this.measuring = null; this.measure(); this.panel.show(); this.maps.forEach((each) => each.now()); });
  }
  measure() {
    if (!this.drafted) return;
    const { map, polygon, mode } = this.drafted;
    this.drafted.mask = combined(this.selected, inside(map.points, polygon), mode);
  }
  finish() {
    if (!this.drafted) return;
    this.measure();
    const { mask, outline } = { mask: this.drafted.mask, outline: this.outline };
    this.drafted = null; this.select(mask, { ...outline, draft: false });
  }
  // `outline`: where the selection was drawn, and whether it holds nothing else.
  select(mask, outline = null) {
    this.selected = counted(mask) ? mask : null;
    this.outline = this.selected ? outline : null;
    this.refresh(); this.say();
  }
  toggle(n) {
    const mask = Uint8Array.from(this.selected ?? new Uint8Array(this.count));
    mask[n] = 1 - mask[n]; this.select(mask);
  }
  choose(n) {
    if (n === this.film) return;
    this.film = n; this.refresh(); this.say();
  }
  clear() {
    const drawn = this.drafted;
    this.drafted = this.outline = null;
    if (!drawn && (this.selected || this.film >= 0)) { this.selected = null; this.film = -1; this.say(); }
    this.refresh();
  }
  // One message to the page for what is finished: the film's row and the selected rows.
  say() {
    const picked = { film: this.film, selected: this.selected ? packed(this.selected) : "" };
    this.awaited = JSON.stringify([picked.film, picked.selected]); this.toldAt = performance.now();
    this.tell(picked);
  }
}

// Where a value stands between the ends of a scale, 0 to 1; null where there is none.
function shareOf(value, { low, high, log }) {
  if (value === null || value === undefined || Number.isNaN(Number(value))) return null;
  const [v, a, b] = [Number(value), low, high].map((each) => (log ? Math.log(Math.max(each, 1)) : each));
  return b > a ? Math.max(0, Math.min(1, (v - a) / (b - a))) : 0.5;
}

function valueText(value, scale) {
  if (shareOf(value, scale) === null) return "–";
  return { count: () => thousands(Number(value)), year: () => String(value), share: () => `${Math.round(100 * value)}%` }[scale.format]();
}

// Where one map is looked at from: its centre in the map's unit square, and the zoom.
const HOME = { x: 0.5, y: 0.5, zoom: 1 };
const CLOSE = 4, FLIGHT = 700;  // the zoom at which a film that was searched for is shown, and milliseconds to get there
const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

class View {
  constructor(changed) { this.changed = changed; this.w = this.h = 0; Object.assign(this, HOME); }
  get unit() { return (Math.min(this.w, this.h) - 28) * this.zoom; }
  // From the map's unit square to pixels, and back.
  at(x, y) { return [this.w / 2 + (x - this.x) * this.unit, this.h / 2 + (y - this.y) * this.unit]; }
  back(px, py) { return [this.x + (px - this.w / 2) / this.unit, this.y + (py - this.h / 2) / this.unit]; }
  pan(dx, dy) { this.land(); this.x -= dx / this.unit; this.y -= dy / this.unit; this.changed(); }
  scale(by, px = this.w / 2, py = this.h / 2) {
    this.land();
    const zoom = Math.max(0.8, Math.min(60, this.zoom * by)), grown = this.unit * zoom / this.zoom;
    this.x += (px - this.w / 2) * (1 / this.unit - 1 / grown);
    this.y += (py - this.h / 2) * (1 / this.unit - 1 / grown);
    this.zoom = zoom; this.changed();
  }
  home() { this.land(); Object.assign(this, HOME); this.changed(); }
  land() { cancelAnimationFrame(this.flight); }
  fly(x, y) {
    this.land();
    const from = { x: this.x, y: this.y, zoom: this.zoom }, zoom = Math.max(this.zoom, CLOSE), began = performance.now();
    if (still()) { Object.assign(this, { x, y, zoom }); this.changed(); return; }
    const step = (now) => {
      const t = Math.max(0, Math.min(1, (now - began) / FLIGHT)), eased = t * t * (3 - 2 * t);
      this.zoom = from.zoom * (zoom / from.zoom) ** eased;
      this.x = from.x + (x - from.x) * eased; this.y = from.y + (y - from.y) * eased;
      this.changed();
      if (t < 1) this.flight = requestAnimationFrame(step);
    };
    this.flight = requestAnimationFrame(step);
  }
}

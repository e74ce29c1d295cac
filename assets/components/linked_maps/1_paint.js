// Points and rings, blended into the pixels here: 20,000 points take a few milliseconds without a graphics card, look the
// same on every machine and in the exported picture, and need no context that a browser may take away.
const STEPS = 4;  // places within a pixel, in each direction
const RADIUS = { rest: 1.75, plain: 2.2, colour: 2.7 };
const RING = [4.4, 3.3, 2.7];  // of a selected film: ink, page, its own colour

// "#1d2230" and "rgb(29, 34, 48)" as [29, 34, 48].
function rgb(text) {
  if (text.startsWith("#")) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  return (text.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
}

// How much of each pixel a disc covers, for every place of its centre within a pixel.
function discs(radius) {
  const mid = Math.ceil(radius) + 1, side = 2 * mid + 1, covers = [];
  for (let place = 0; place < STEPS * STEPS; place++) {
    const cx = mid + ((place % STEPS) + 0.5) / STEPS, cy = mid + (Math.floor(place / STEPS) + 0.5) / STEPS;
    const cover = new Float32Array(side * side);
    for (let k = 0; k < cover.length; k++) {
      const away = Math.hypot((k % side) + 0.5 - cx, Math.floor(k / side) + 0.5 - cy);
      cover[k] = Math.max(0, Math.min(1, radius + 0.5 - away));
    }
    covers.push(cover);
  }
  return { mid, side, covers };
}

// Lay one disc over an opaque image (Porter and Duff's "over").
function stamp({ data, width, height }, x, y, { mid, side, covers }, r, g, b, alpha) {
  const column = Math.floor(x), row = Math.floor(y), left = column - mid, top = row - mid;
  if (left < 0 || top < 0 || left + side > width || top + side > height) return;
  const cover = covers[Math.floor((y - row) * STEPS) * STEPS + Math.floor((x - column) * STEPS)];
  for (let line = 0, k = 0; line < side; line++) {
    for (let at = 4 * ((top + line) * width + left), end = at + 4 * side; at < end; at += 4, k++) {
      const a = cover[k] * alpha;
      if (!a) continue;
      data[at] += (r - data[at]) * a;
      data[at + 1] += (g - data[at + 1]) * a;
      data[at + 2] += (b - data[at + 2]) * a;
    }
  }
}

function filled(image, [r, g, b]) {
  const pixel = new Uint32Array(image.data.buffer), bytes = new Uint8Array([r, g, b, 255]);
  pixel.fill(new Uint32Array(bytes.buffer)[0]);
  return image;
}

// Positions as shares of the smallest square that holds them, the same unit on both axes, y upwards.
function normalised(xs, ys) {
  const span = (values) => {
    let low = Infinity, high = -Infinity;
    for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
    return [low, high];
  };
  const [x0, x1] = span(xs), [y0, y1] = span(ys), size = Math.max(x1 - x0, y1 - y0) || 1;
  const toX = (v) => 0.5 + (v - (x0 + x1) / 2) / size, toY = (v) => 0.5 - (v - (y0 + y1) / 2) / size;
  return { x: Float32Array.from(xs, toX), y: Float32Array.from(ys, toY), toX, toY };
}

// All films: the rest below, the colours above. `frame` says where the points lie: left, top, unit, grow (all in pixels).
function paintFilms(image, { x, y }, { left, top, unit, grow }, look) {
  const { layers, colours, alpha, radius } = look;
  for (let layer = 0; layer < 2; layer++) {
    const disc = discs(radius[layer] * grow), opacity = alpha[layer];
    for (let n = 0; n < layers.length; n++) {
      if (layers[n] !== layer) continue;
      stamp(image, left + x[n] * unit, top + y[n] * unit, disc, colours[3 * n], colours[3 * n + 1], colours[3 * n + 2], opacity);
    }
  }
}

// Rings around the films of a mask, layer by layer: where many lie close together, one outline goes around all of them.
function paintRings(image, { x, y }, { left, top, unit, grow }, mask, colours, ink, page) {
  for (let layer = 0; layer < 3; layer++) {
    const disc = discs(RING[layer] * grow), fixed = [ink, page, null][layer];
    for (let n = 0; n < mask.length; n++) {
      if (!mask[n]) continue;
      const [r, g, b] = fixed ?? [colours[3 * n], colours[3 * n + 1], colours[3 * n + 2]];
      stamp(image, left + x[n] * unit, top + y[n] * unit, disc, r, g, b, 1);
    }
  }
}

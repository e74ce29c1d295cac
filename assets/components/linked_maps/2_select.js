// Which films a lasso or a box holds, and how a selection travels: one bit a film.
const FINEST = 3;  // pixels between two corners of a lasso

// The films inside a polygon, whose corners are [x, y] in the map's own unit; even-odd rule.
function inside({ x, y }, polygon) {
  const mask = new Uint8Array(x.length), xs = polygon.map((p) => p[0]), ys = polygon.map((p) => p[1]);
  if (polygon.length < 3) return mask;
  const west = Math.min(...xs), east = Math.max(...xs), north = Math.min(...ys), south = Math.max(...ys);
  for (let n = 0; n < x.length; n++) {
    const px = x[n], py = y[n];
    if (px < west || px > east || py < north || py > south) continue;
    let odd = false;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
      if ((ys[i] > py) !== (ys[j] > py) && px < ((xs[j] - xs[i]) * (py - ys[i])) / (ys[j] - ys[i]) + xs[i]) odd = !odd;
    }
    if (odd) mask[n] = 1;
  }
  return mask;
}

const rectangle = (x0, y0, x1, y1) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];

// What a new mask makes of the one before: "new" replaces it, "add" joins, "remove" takes away.
function combined(before, mask, mode) {
  if (mode === "new" || !before) return mode === "remove" ? new Uint8Array(mask.length) : mask;
  return before.map((had, n) => (mode === "add" ? had | mask[n] : had & (1 - mask[n])));
}

const counted = (mask) => (mask ? mask.reduce((sum, one) => sum + one, 0) : 0);

// A mask as base64, the first film in the highest bit; "" where it holds none.
function packed(mask) {
  if (!counted(mask)) return "";
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((one, n) => { if (one) bytes[n >> 3] |= 128 >> (n & 7); });
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

const unpackedBytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function unpacked(text, length) {
  if (!text) return null;
  const bytes = unpackedBytes(text);
  return Uint8Array.from({ length }, (_, n) => (bytes[n >> 3] >> (7 - (n & 7))) & 1);
}

// Columns come as Arrow vectors or as plain lists; both are read with get(n).
function table(points) {
  if (points.getChild) return (name) => points.getChild(name);
  return (name) => {
    const values = points[name];
    return values && { get: (n) => values[n], length: values.length, [Symbol.iterator]: () => values[Symbol.iterator]() };
  };
}

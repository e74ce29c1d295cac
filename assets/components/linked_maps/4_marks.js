// What is drawn over the points: names, lines to neighbours, the lasso. `map` gives at(n), w and h; `pen` counts in CSS pixels.
const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function haloText(pen, text, x, y, ink, page) {
  pen.lineJoin = "round"; pen.lineWidth = 4; pen.strokeStyle = page; pen.fillStyle = ink;
  pen.strokeText(text, x, y); pen.fillText(text, x, y);
}

function disc(pen, x, y, radius, colour) { pen.fillStyle = colour; pen.beginPath(); pen.arc(x, y, radius, 0, 7); pen.fill(); }

// The chosen film: a ring, its title above or below; returns the box that the title takes.
function drawFilm(pen, map, n, title, colour, { ink, page, font }) {
  const [x, y] = map.at(n);
  for (const [radius, fill] of [[8.2, page], [6.8, ink], [4.9, page], [3.3, colour]]) disc(pen, x, y, radius, fill);
  pen.font = `600 13px ${font}`;
  let text = title;
  while (pen.measureText(text).width > map.w - 16 && text.length > 8) text = `${text.slice(0, -4)}…`;
  const wide = pen.measureText(text).width, left = Math.max(4, Math.min(x - wide / 2, map.w - wide - 4));
  const base = y < 32 ? y + 23 : y - 13;
  if (x < -20 || y < -20 || x > map.w + 20 || y > map.h + 20) return null;
  haloText(pen, text, left, base, ink, page);
  return [left - 4, base - 14, left + wide + 4, base + 6];
}

function drawNeighbours(pen, map, n, near, colourOf, { ink, page }) {
  const [x, y] = map.at(n);
  for (const [width, colour, alpha] of [[3, page, 0.8], [1.1, ink, 0.75]]) {
    pen.lineWidth = width; pen.strokeStyle = colour; pen.globalAlpha = alpha; pen.beginPath();
    for (const other of near) { pen.moveTo(x, y); pen.lineTo(...map.at(other)); }
    pen.stroke();
  }
  pen.globalAlpha = 1;
  for (const other of near) for (const [radius, fill] of [[4.2, page], [3.5, ink], [2.7, colourOf(other)]]) disc(pen, ...map.at(other), radius, fill);
}

// Names where the films of each genre are densest: the first of its places at which nothing stands yet.
function drawNames(pen, map, labels, key, taken, { ink, page, font }) {
  pen.font = `600 12px ${font}`;
  for (const { name, colour, places } of labels) {
    const wide = pen.measureText(name).width + 13;
    for (const place of places[key] ?? []) {
      const [x, y] = map.place(place), box = [x - wide / 2 - 3, y - 10, x + wide / 2 + 3, y + 8];
      const off = box[0] < 2 || box[1] < 2 || box[2] > map.w - 2 || box[3] > map.h - 2;
      if (off || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      pen.globalAlpha = 0.82; pen.fillStyle = page; pen.beginPath();
      pen.roundRect(box[0], y - 9, box[2] - box[0], 17, 8); pen.fill(); pen.globalAlpha = 1;
      disc(pen, box[0] + 9, y - 0.5, 4, colour);
      pen.fillStyle = ink; pen.fillText(name, box[0] + 16, y + 4);
      break;
    }
  }
}

function drawOutline(pen, corners, { ink, page }) {
  if (corners.length < 2) return;
  pen.lineJoin = "round"; pen.beginPath();
  corners.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
  for (const [width, colour, dash] of [[4, page, []], [1.6, ink, [5, 4]]]) {
    pen.lineWidth = width; pen.strokeStyle = colour; pen.setLineDash(dash); pen.stroke();
  }
  pen.setLineDash([]);
}

// Where the keys act: a small cross at the centre while the map has the keyboard's focus.
function drawCross(pen, map, { ink, page }) {
  const x = map.w / 2, y = map.h / 2;
  for (const [width, colour] of [[4, page], [1.4, ink]]) {
    pen.lineWidth = width; pen.strokeStyle = colour; pen.beginPath();
    pen.moveTo(x - 7, y); pen.lineTo(x + 7, y); pen.moveTo(x, y - 7); pen.lineTo(x, y + 7); pen.stroke();
  }
}

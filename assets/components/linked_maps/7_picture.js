// The maps as one picture: title, legend, maps with heads and figures, and below them where all this comes from.
const SHARP = 2, EDGE = 28, GAP = 16;

// Text broken into lines of at most `wide` pixels.
function broken(pen, text, wide) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (pen.measureText(longer).width <= wide) lines[lines.length - 1] = longer; else lines.push(word);
  }
  return lines;
}

function drawLegend(pen, lens, wide, top, paint) {
  const { data } = lens, { ink, font } = lens;
  let x = EDGE, y = top;
  if (data.scale) {
    const { title, stops, ends } = data.scale;
    pen.font = `600 13px ${font}`; pen.fillStyle = ink; if (paint) pen.fillText(title, x, y);
    x += pen.measureText(title).width + 14; pen.font = `13px ${font}`;
    if (paint) pen.fillText(ends[0], x, y);
    x += pen.measureText(ends[0]).width + 8;
    const ramp = pen.createLinearGradient(x, 0, x + 160, 0);
    stops.forEach((stop, k) => ramp.addColorStop(k / (stops.length - 1), stop));
    if (paint) { pen.fillStyle = ramp; pen.fillRect(x, y - 10, 160, 11); pen.fillStyle = ink; pen.fillText(ends[1], x + 168, y); }
    return y;
  }
  for (const { name, colour, count } of [...data.groups, data.rest].filter((g) => g.count)) {
    pen.font = `13px ${font}`;
    const text = `${name} ${thousands(count)}`, long = pen.measureText(text).width + 34;
    if (x + long > wide - EDGE && x > EDGE) { x = EDGE; y += 20; }
    if (paint) { disc(pen, x + 5, y - 4.5, 5, colour); pen.fillStyle = ink; pen.fillText(text, x + 16, y); }
    x += long;
  }
  return y;
}

function drawMap(pen, lens, map, x, y) {
  const { ink, font, data } = lens, canvas = document.createElement("canvas");
  canvas.width = map.w * SHARP; canvas.height = map.h * SHARP;
  map.paint(canvas, SHARP);
  pen.font = `600 14px ${font}`; pen.fillStyle = ink; pen.fillText(map.spec.name, x, y);
  const after = x + pen.measureText(map.spec.name).width + 8;
  pen.font = `12.5px ${font}`; pen.fillStyle = data.muted; pen.fillText(map.spec.note, after, y);
  pen.drawImage(canvas, x, y + 10, map.w, map.h);
  pen.strokeStyle = lens.border; pen.lineWidth = 1; pen.strokeRect(x + 0.5, y + 10.5, map.w - 1, map.h - 1);
  pen.fillText(map.spec.figures.map(([name, value]) => `${name} ${value}`).join("  ·  "), x, y + map.h + 28);
}

function picture(lens) {
  const { data, maps, ink, font } = lens, canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  const wide = 2 * EDGE + maps.reduce((sum, map) => sum + map.w, 0) + GAP * (maps.length - 1);
  pen.font = `12px ${font}`;
  const notes = [...broken(pen, data.caption, wide - 2 * EDGE), ...broken(pen, data.provenance, wide - 2 * EDGE)];
  const below = drawLegend(pen, lens, wide, 78, false), high = below + 30 + maps[0].h + 46 + 18 * notes.length + 14;
  canvas.width = wide * SHARP; canvas.height = high * SHARP;
  pen.scale(SHARP, SHARP); pen.fillStyle = lens.page; pen.fillRect(0, 0, wide, high);
  pen.fillStyle = ink; pen.font = "600 22px 'Source Serif', Georgia, serif"; pen.fillText(data.title, EDGE, 42);
  drawLegend(pen, lens, wide, 78, true);
  let x = EDGE;
  for (const map of maps) { drawMap(pen, lens, map, x, below + 30); x += map.w + GAP; }
  pen.font = `12px ${font}`; pen.fillStyle = data.muted;
  notes.forEach((line, k) => pen.fillText(line, EDGE, below + 30 + maps[0].h + 60 + 18 * k));
  return canvas;
}

function exportPicture(lens) {
  picture(lens).toBlob((blob) => {
    const link = el("a"); link.href = URL.createObjectURL(blob); link.download = `${lens.data.file}.png`;
    link.click(); setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    lens.maps.forEach((map) => map.draw());
  }, "image/png");
}

// What the browser makes by itself: the picture of a chart, as it stands on the page, at twice the size, with its head
// above and where it comes from below; and the link to the page as it is now. One instance serves every page: it acts when
// a button is pressed, of which Streamlit is not told, so that nothing runs again.
const PICTURE = '[class*="st-key-png_"] button', LINK = ".st-key-copy_link button";
const FIGURE = '[class*="st-key-figure_"]', SCALE = 2, MARGIN = 24, LEAST = 420, SHOWN = 1600;
const kept = (window.vaspLensTaken ??= {});

// The parts of a text in the colours in which the page has them; icons are letters of another font.
function* runs(node) {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest('[data-testid="stIconMaterial"], [data-testid="stHeaderActionElements"]')) continue;
    yield { text: walker.currentNode.data, colour: getComputedStyle(parent).color };
  }
}

const fontOf = (style, size = style.fontSize) => `${style.fontStyle} ${style.fontWeight} ${size} ${style.fontFamily}`;

// Lines of words that fit into a width: [[{ text, colour, x }]]. A word longer than a line is cut.
function lines(context, parts, width) {
  const found = [[]];
  let x = 0;
  for (const { text, colour } of parts) {
    for (const word of text.split(/(\s+|(?<=&))/).flatMap((each) => fitting(context, each, width))) {
      const size = context.measureText(word).width;
      if (x + size > width && word.trim()) { found.push([]); x = 0; }
      if (!x && !word.trim()) continue;
      found.at(-1).push({ text: word, colour, x });
      x += size;
    }
  }
  return found;
}

function fitting(context, word, width) {
  if (!word) return [];
  const pieces = [];
  while (context.measureText(word).width > width) {
    let n = word.length - 1;
    while (n > 1 && context.measureText(word.slice(0, n)).width > width) n -= Math.ceil(n / 12);
    pieces.push(word.slice(0, n));
    word = word.slice(n);
  }
  return [...pieces, word];
}

// A text of the picture: its lines, and how it is drawn from an upper edge.
function block(context, parts, font, height, width) {
  context.font = font;
  const rows = lines(context, parts, width);
  return {
    height: rows.length * height,
    draw: (top) => {
      context.font = font;
      context.textBaseline = "middle";
      rows.forEach((row, n) => row.forEach(({ text, colour, x }) => {
        context.fillStyle = colour;
        context.fillText(text, MARGIN + x, top + (n + 0.5) * height);
      }));
    },
  };
}

// An image sees no font of the page, so the chart's own is written into it.
async function fontRule(family) {
  for (const sheet of document.styleSheets) {
    let rules = [];
    try { rules = [...sheet.cssRules]; } catch { continue; } // a sheet of an extension
    for (const rule of rules) {
      if (!(rule instanceof CSSFontFaceRule) || rule.style.fontStyle === "italic") continue;
      if (rule.style.getPropertyValue("font-family").replace(/["']/g, "") !== family) continue;
      const url = rule.style.getPropertyValue("src").match(/url\(["']?([^"')]+)/)?.[1];
      const answer = url && await fetch(new URL(url, sheet.href ?? document.baseURI));
      if (answer?.ok) return `@font-face{font-family:"${family}";font-weight:200 900;src:url(${await dataUrl(await answer.blob())})}`;
    }
  }
  return "";
}

const dataUrl = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

// The layers of a plotly figure as images, the lowest first.
async function layers(plot, width, height) {
  kept.font ??= fontRule("Source Sans");
  const rule = await kept.font;
  return Promise.all([...plot.querySelectorAll("svg.main-svg")].map(async (svg) => {
    const copy = svg.cloneNode(true), style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    style.textContent = rule;
    copy.prepend(style);
    copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
    copy.setAttribute("width", width * SCALE);
    copy.setAttribute("height", height * SCALE);
    const image = new Image();
    image.src = await dataUrl(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
    await image.decode();
    return image;
  }));
}

// The last head of a section before a node, in its dialog or on the page.
function headOf(node) {
  const root = node.closest('[role="dialog"]') ?? document.querySelector('[data-testid="stMain"]');
  const before = (head) => head.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING;
  return [...root.querySelectorAll("h5")].filter(before).at(-1) ?? root.querySelector("h1, h2");
}

// The address of what is shown, with what the page chose by itself.
function here() {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(kept.data.pinned)) if (!url.searchParams.has(name)) url.searchParams.set(name, value);
  return url;
}

// Where the picture comes from: what the server said, with the time and the address of now.
function provenance({ about, line, opens }) {
  const url = here(), view = `${url.pathname.split("/").at(-1)}${url.search}`.replaceAll("'", "%27");
  const made = new Date().toISOString().replace(/\.\d+Z$/, "+00:00"), command = `${opens} '${view}'`;
  const filled = line.replace("{made}", () => made).replace("{command}", () => command);
  return { about: { ...about, made, command }, line: filled };
}

async function drawn(figure, plot, from) {
  const { width, height } = plot.querySelector("svg.main-svg").getBoundingClientRect(), head = headOf(figure);
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  const ground = getComputedStyle(document.querySelector('[data-testid="stApp"]')), inner = Math.max(width, LEAST);
  const style = head && getComputedStyle(head), below = head?.closest('[data-testid="stMarkdownContainer"]')?.querySelector(":scope > p");
  const title = block(context, head ? [...runs(head)] : [], head ? fontOf(style) : "16px serif", 22, inner);
  const small = below && getComputedStyle(below.querySelector("span") ?? below);
  const rule = below ? block(context, [...runs(below)], fontOf(small), 18, inner) : { height: 0, draw: () => {} };
  const foot = block(context, [{ text: from.line, colour: ground.color }], fontOf(ground, "10.5px"), 15, inner);
  const top = MARGIN + title.height + rule.height + 8, images = await layers(plot, width, height);
  const size = [inner + 2 * MARGIN, top + height + 22 + foot.height + MARGIN - 6];
  [canvas.width, canvas.height] = size.map((each) => Math.round(each * SCALE));
  context.scale(SCALE, SCALE);
  context.fillStyle = ground.backgroundColor;
  context.fillRect(0, 0, ...size);
  title.draw(MARGIN);
  rule.draw(MARGIN + title.height);
  for (const image of images) context.drawImage(image, MARGIN, top, width, height);
  context.globalAlpha = 0.2;
  context.fillStyle = ground.color;
  context.fillRect(MARGIN, top + height + 11, inner, 1);
  context.globalAlpha = 0.7;
  foot.draw(top + height + 22);
  return { blob: await new Promise((resolve) => canvas.toBlob(resolve, "image/png")), title: head?.textContent.trim() ?? "" };
}

// CRC-32 of the PNG specification (ISO 15948, annex D).
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// A chunk of a keyword and a text: tEXt where it is Latin-1, else iTXt in UTF-8.
function textChunk(keyword, text) {
  const latin = /^[\x00-\xff]*$/.test(text), bytes = (each) => Uint8Array.from(each, (letter) => letter.charCodeAt(0));
  const body = latin ? bytes(`${keyword}\0${text}`) : Uint8Array.of(...bytes(`${keyword}\0\0\0\0\0`), ...new TextEncoder().encode(text));
  const chunk = new Uint8Array(body.length + 12), view = new DataView(chunk.buffer);
  view.setUint32(0, body.length);
  chunk.set(bytes(latin ? "tEXt" : "iTXt"), 4);
  chunk.set(body, 8);
  view.setUint32(body.length + 8, crc32(chunk.subarray(4, body.length + 8)));
  return chunk;
}

const HEAD = 33; // bytes of the signature and of IHDR, which comes first

async function save(button) {
  const figure = button.closest(FIGURE), { data } = kept;
  const plot = [...figure.querySelectorAll(".js-plotly-plot")].find((each) => each.checkVisibility()); // of two, one fits the window
  const name = [...figure.classList].find((each) => each.startsWith("st-key-figure_")).slice("st-key-figure_".length);
  const from = provenance(data), { blob, title } = await drawn(figure, plot, from);
  const alt = plot.closest('[data-testid="stPlotlyChart"]').getAttribute("aria-label") ?? "";
  const texts = { Title: title, Description: alt, Software: from.about.program, "Creation Time": from.about.made, Source: from.line, Provenance: JSON.stringify(from.about) };
  const chunks = Object.entries(texts).filter(([, text]) => text).map(([keyword, text]) => textChunk(keyword, text));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([blob.slice(0, HEAD), ...chunks, blob.slice(HEAD)], { type: "image/png" }));
  link.download = `${name.replaceAll("_", "-")}-${data.name}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea"); // an address without https has no clipboard of the newer kind
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("the browser does not let pages copy");
  return undefined;
}

// Says for a moment what became of it: on the button (see app/theme.py), and to those who hear the page.
function say(button, text) {
  if (!kept.status) {
    kept.status = document.createElement("div");
    kept.status.role = "status";
    kept.status.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
    document.body.append(kept.status);
  }
  button.dataset.done = kept.status.textContent = text;
  setTimeout(() => { delete button.dataset.done; kept.status.textContent = ""; }, SHOWN);
}

const ACTS = [
  [PICTURE, (button) => save(button), "Saved"],
  [LINK, () => copy(here().href), "Copied"],
];

function pressed(event) {
  for (const [selector, act, done] of ACTS) {
    const button = event.target instanceof Element ? event.target.closest(selector) : null;
    if (!button || !kept.data) continue;
    event.stopImmediatePropagation();
    event.preventDefault();
    act(button).then(() => say(button, done), (error) => { say(button, "Failed"); console.error(error); });
  }
}

export default function ({ data }) {
  kept.data = data;
  if (!kept.listening) window.addEventListener("click", pressed, { capture: true });
  kept.listening = true;
}

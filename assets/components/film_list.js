// A list of films as a real table: chips, diverging bars on one scale, a row that opens its film.
// Text from data enters by textContent only.
const el = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
};
const swatch = (colour) => { const node = el("i"); node.style.background = colour; return node; };
const SIGNS = { tick: "M2.5 8.5l3.6 3.8L13.5 4", add: "M8 2.5v11M2.5 8h11", remove: "M3.5 3.5l9 9M12.5 3.5l-9 9" };
const tick = (sign = "tick") => {
  const ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg"), path = document.createElementNS(ns, "path");
  svg.setAttribute("viewBox", "0 0 16 16"); svg.setAttribute("aria-hidden", "true"); path.setAttribute("d", SIGNS[sign]);
  svg.append(path);
  return svg;
};

// Zero and the scale are common to all rows and columns; room is left for the numbers beside the bars.
function scaleOf(rows, width, plain) {
  const values = rows.flatMap((row) => row.bars.map((bar) => bar.value));
  const most = Math.max(0.05, ...values), least = Math.max(0, ...values.map((v) => -v));
  const zero = plain ? 1 : width * (least ? Math.max(0.27, Math.min(0.55, least / (least + most))) : 0.1);
  return { zero, unit: Math.min((width - zero - 44) / most, least ? (zero - 4) / least : Infinity) };
}

function barOf(bar, column, scale) {
  const cell = el("div", "bar"), mark = el("b"), label = el("span", "", bar.text), size = Math.max(Math.abs(bar.value) * scale.unit, 1.5);
  const lowers = bar.value < 0 && !column.plain;
  cell.style.setProperty("--zero", `${scale.zero}px`);
  mark.style.width = `${size}px`;
  mark.style.left = `${lowers ? scale.zero - size : scale.zero}px`;
  if (lowers) { mark.className = "lowers"; mark.style.borderColor = column.colour; } else mark.style.background = column.colour;
  if (lowers) { label.style.right = `calc(100% - ${scale.zero - size - 4}px)`; } else label.style.left = `${scale.zero + size + 5}px`;
  cell.append(mark, label);
  return cell;
}

// What can be done with the film of a row besides opening it: { name: what is said, sign: what is drawn }.
function actionOf(row, action, send) {
  const cell = el("td", "act"), button = el("button");
  button.type = "button";
  button.title = action.name;
  button.setAttribute("aria-label", `${action.name}: ${row.title} ${row.year}`.trim());
  button.append(tick(action.sign));
  button.onclick = (event) => { event.stopPropagation(); send("acted", row.item); };
  cell.append(button);
  return cell;
}

function rowOf(row, data, scale, send) {
  const tr = el("tr"), film = el("td", "film"), title = el(data.still ? "span" : "button", "title"), chips = el("div", "genres");
  if (data.wide || data.places) { const place = el("td", "place", row.place); if (row.move) place.append(el("span", "move", row.move)); tr.append(place); }
  title.title = `${row.title} ${row.year}`.trim();
  if (!data.still) { title.type = "button"; title.setAttribute("aria-label", row.label); tr.onclick = () => send("opened", row.item); }
  title.append(el("span", "name", row.title), el("span", "year", row.year));
  if (row.liked) { const mark = el("span", "tick"); mark.append(tick()); title.append(mark); }
  if (row.unmodelled) { tr.className = "unmodelled"; chips.append(el("span", "mark", row.unmodelled)); }
  row.genres.forEach((genre) => chips.append(el("span", "", genre)));
  film.append(title, chips);
  tr.append(film);
  row.bars.forEach((bar, n) => { const cell = el("td", "bars"); cell.style.gridColumn = n + 2; cell.append(barOf(bar, data.bars[n], scale)); tr.append(cell); });
  if (data.total) { const total = el("td", "total", row.total); total.append(el("span", "from", row.from)); tr.append(total); }
  if (data.noted) { const noted = el("td", "noted"); if (row.note) noted.append(tick(), row.note); tr.append(noted); }
  if (data.held) { const held = el("td", "held"); if (row.liked) held.append(tick(), "liked"); tr.append(held); }
  if (data.action) tr.append(actionOf(row, data.action, send));
  if (row.item === data.marked) { tr.classList.add("marked"); title.setAttribute("aria-current", "true"); }
  return tr;
}

function headOf(data) {
  const head = el("thead"), tr = el("tr");
  const add = (name, ...content) => { const th = el("th", name); th.scope = "col"; th.append(...content); tr.append(th); };
  if (data.wide || data.places) add("place", "#");
  add("film", "Film");
  data.bars.forEach((column) => add("bars", swatch(column.colour), column.name));
  if (data.total) add("total", data.total);
  if (data.noted) add("noted", data.noted);
  if (data.held) add("held", "Held out");
  if (data.action) add("act", "");
  head.append(tr);
  return head;
}

function keyOf(data) {
  const key = el("div", "key");
  key.setAttribute("aria-hidden", "true");
  data.bars.forEach((column) => { const name = el("span"); name.append(swatch(column.colour), column.name); key.append(name); });
  return key;
}

// Up and down walk through the titles, as in a list.
function walk(event, frame) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], titles = [...frame.querySelectorAll("tbody td.film button")];
  const at = titles.indexOf(frame.getRootNode().activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  titles[Math.max(0, Math.min(titles.length - 1, at + step))].focus();
}

// Width of a column of bars in px: on lists as wide as on a large screen, and on middling ones; below that the bars stand
// under the title.
const WIDE = 126, MIDDLING = 100, MIDDLING_BELOW = 820, NARROW_BELOW = 640;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".list");
  root.update = () => {
    const across = root.clientWidth, narrow = across <= NARROW_BELOW, beside = across <= MIDDLING_BELOW ? MIDDLING : WIDE;
    const width = narrow ? (across - 44) / Math.max(1, data.bars.length) : beside, shown = JSON.stringify([data, width]);
    if (!across || root.shown === shown) return;  // nothing new: keep the scroll position and the focus
    root.shown = shown;
    draw(root, data, width, setTriggerValue);
  };
  // This is called for each new data, and what it returns only at the end: two observers would draw against each other.
  root.observer ??= new ResizeObserver(() => root.update());
  root.observer.observe(root);
  root.update();
  return () => root.observer.disconnect();
}

// A list that is changed in place keeps its scroll position, and the focus in the row where it was. The position is
// noted as it changes: to read it from a page that is just being built would lay the whole page out once more.
function replaced(root, frame, inPlace) {
  const focused = inPlace && root.getRootNode().activeElement, top = inPlace ? root.scrolledTo || 0 : 0;
  const at = focused ? [...root.querySelectorAll("td.act button")].indexOf(focused) : -1;
  frame.onscroll = () => { root.scrolledTo = frame.scrollTop; };
  root.replaceChildren(frame);
  if (top) frame.scrollTop = top;
  const buttons = frame.querySelectorAll("td.act button");
  if (at >= 0 && buttons.length) buttons[Math.min(at, buttons.length - 1)].focus({ preventScroll: true });
}

function draw(root, data, width, send) {
  const frame = el("div", "frame"), table = el("table"), body = el("tbody");
  root.style.setProperty("--muted", data.muted);
  root.style.setProperty("--rule", data.rule);
  root.style.setProperty("--n-bars", Math.max(1, data.bars.length));
  frame.style.maxHeight = `${data.height}px`;
  frame.classList.toggle("wide", !!data.wide);
  frame.classList.toggle("compact", !!data.compact);
  frame.classList.toggle("moves", !!data.action);
  frame.classList.toggle("still", !!data.still);
  if (data.still) frame.tabIndex = 0;  // without titles to go to, the keys scroll the list itself
  table.setAttribute("aria-label", data.label);
  const scale = scaleOf(data.rows, width, data.bars.every((bar) => bar.plain));
  data.rows.forEach((row) => body.append(rowOf(row, data, scale, send)));
  table.append(headOf(data), body);
  if (data.bars.length) frame.append(keyOf(data));
  frame.append(table);
  if (!data.rows.length) frame.append(el("div", "none", data.none));
  frame.onkeydown = (event) => walk(event, frame);
  replaced(root, frame, !!data.action);
}

// Above the maps: tools, layers, what is selected; below them the legend.
const TOOLS = { move: "Move", lasso: "Lasso", box: "Box" };
const HINTS = {
  move: "Drag to move a map, click to choose a film; with Shift, drag a lasso (M)",
  lasso: "Draw around films; Shift or Ctrl adds to the selection, Alt takes away (L)",
  box: "Draw a box around films; Shift or Ctrl adds to the selection, Alt takes away (B)",
};

class Panel {
  constructor(lens) {
    this.lens = lens; this.node = el("div", "panel"); this.legend = el("div", "legend");
    this.tools = this.group("Tool", Object.entries(TOOLS).map(([name, text]) => {
      const button = press(text, () => lens.take(name)); button.title = HINTS[name]; button.dataset.tool = name; return button;
    }));
    this.points = press("Points", () => lens.layer("points"), "layer"); this.points.title = "Show or hide the points";
    this.labels = press("Labels", () => lens.layer("labels"), "layer"); this.labels.title = "Name the genres where their films are densest";
    this.picture = press("PNG", () => exportPicture(lens), "layer"); this.picture.title = "Save the maps as a picture, with legend and provenance";
    this.status = el("span", "chosen"); this.status.setAttribute("role", "status");
    this.clear = press("Clear", () => lens.clear(), "clear"); this.clear.title = "Clear film and selection (Escape in a map)";
    this.node.append(this.tools, this.group("Layers", [this.points, this.labels]), this.picture, this.status, this.clear);
  }
  group(name, buttons) {
    const node = el("div", "segments");
    node.setAttribute("role", "group"); node.setAttribute("aria-label", name); node.append(...buttons);
    return node;
  }
  show() {
    const { lens } = this;
    for (const button of this.tools.children) button.setAttribute("aria-pressed", button.dataset.tool === lens.tool);
    this.points.setAttribute("aria-pressed", lens.points); this.labels.setAttribute("aria-pressed", lens.labelled);
    this.clear.hidden = lens.film < 0 && !lens.shown;
    // What changes with every step of a lasso is not read out; the finished selection is.
    this.status.setAttribute("aria-live", lens.drafted ? "off" : "polite");
    this.status.textContent = lens.words();
  }
  entries() {
    const { data } = this.lens;
    this.legend.replaceChildren(...(data.scale ? this.scale(data.scale) : [...data.groups, data.rest].filter((g) => g.count).map((g) => this.entry(g))));
  }
  // A colour with its name and count; a click shows the films of this genre alone, and all again.
  entry({ name, colour, count, rest }) {
    const isolated = this.lens.isolated, item = rest ? el("span") : press("", () => this.lens.isolate(name)), mark = el("i");
    mark.style.background = colour; item.append(mark, el(rest ? "span" : "b", "", name), ` ${thousands(count)}`);
    if (!rest) { item.setAttribute("aria-pressed", isolated === name); item.title = isolated === name ? "Show all colours" : `Show ${name} alone`; }
    if (isolated && (rest || isolated !== name)) item.classList.add("aside");
    return item;
  }
  scale({ title, stops, ends, counted: known, missing, missingName }) {
    const bar = el("i", "bar"), group = el("span", "ends");
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    group.append(el("span", "", ends[0]), bar, el("span", "", ends[1]));
    const parts = [el("b", "", title), group, el("span", "", `${thousands(known)} films`)];
    return missing ? [...parts, this.entry({ name: missingName, colour: this.lens.data.rest.colour, count: missing, rest: true })] : parts;
  }
}

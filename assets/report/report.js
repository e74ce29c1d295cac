// Runs the maps in a report: the script of the page's own maps stands before this, its default export is `drawMaps`.
// The data are plain lists inside the file; nothing is asked of a network.
{
  const data = JSON.parse(document.getElementById("maps-data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let picked = { film: data.film, selected: "" };

  // A place for the maps whose style is theirs alone.
  const mount = (id, style) => {
    const host = document.getElementById(id), sheet = new CSSStyleSheet(), outer = document.createElement("div"), maps = document.createElement("div");
    sheet.replaceSync(style);
    maps.className = "maps";
    maps.setAttribute("role", "group"); maps.setAttribute("aria-label", data.alt);
    outer.append(maps);
    const shadow = host.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(outer);
    return outer;
  };
  // What is printed is drawn beforehand, light and as wide as the sheet: a canvas does not follow the paper.
  const screen = mount("lens", data.style), paper = mount("paper", `${data.style} .panel, .head div { display: none !important; }`);

  // The titles of the films that are selected.
  const name = () => {
    const box = document.getElementById("picked"), [head, rule, list] = box.children, films = [], bytes = atob(picked.selected ?? "");
    for (let n = 0; n < 8 * bytes.length; n++) if ((bytes.charCodeAt(n >> 3) >> (7 - (n & 7))) & 1) films.push(data.points.title[n]);
    films.sort((a, b) => a.localeCompare(b));
    box.hidden = !films.length;
    head.textContent = `${films.length.toLocaleString("en")} ${films.length === 1 ? "film" : "films"} selected`;
    rule.textContent = films.length > data.most ? `The first ${data.most} by title` : "By title";
    list.replaceChildren(...films.slice(0, data.most).map((title) => { const item = document.createElement("li"); item.textContent = title; return item; }));
  };

  const drawn = (parentElement, theme, tell, look = {}) =>
    drawMaps({ data: { ...data[theme], ...picked, ...look, points: data.points }, parentElement, setTriggerValue: tell, setStateValue: tell });
  const tell = (kind, value) => {
    if (kind !== "picked") return;
    picked = value;
    name(); print();
  };
  const print = () => drawn(paper, "light", () => {}, { height: 236 });
  const draw = () => { drawn(screen, dark.matches ? "dark" : "light", tell); print(); };
  dark.addEventListener("change", draw);
  draw();
}

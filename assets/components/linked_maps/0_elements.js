// Maps of the same films side by side: zoom and pan each, choose a film or select many in one and see them in all.
// The files of this folder are joined in the order of their names to one script.
const el = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
};
const press = (text, act, name) => {
  const button = el("button", name, text);
  button.type = "button"; button.onclick = act;
  return button;
};
const ratio = () => window.devicePixelRatio || 1;
const zoomed = (canvas) => canvas.getBoundingClientRect().width / canvas.clientWidth || 1;  // by the style of the page
const thousands = (number) => number.toLocaleString("en");

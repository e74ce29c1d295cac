// A key that goes to the field with a label, on whatever page is shown; it stays a letter where the viewer writes.
const FIELDS = "input, textarea, select, [contenteditable='true']";

function listen() {
  const kept = {};
  window.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key !== kept.key || !plain || event.composedPath()[0].closest?.(FIELDS)) return;
    const field = document.querySelector(`[data-testid="stMain"] input[aria-label="${CSS.escape(kept.label)}"]`);
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
  return kept;
}

export default function ({ data }) {
  window.vaspLensFind ??= listen();
  Object.assign(window.vaspLensFind, data);
}

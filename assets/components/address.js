// The browser's history has one entry for each thing the viewer does. Streamlit makes one of every address it writes: two
// where page and query change at once, and one for what the program filled in. All but the first after a deed replace it.
const DEEDS = ["pointerdown", "keydown", "click", "change"];
const STREAMLITS_OWN = ["embed", "embed_options"];

function watch() {
  const push = history.pushState.bind(history), kept = { acted: false };
  for (const deed of DEEDS) window.addEventListener(deed, () => { kept.acted = true; }, { capture: true, passive: true });
  window.addEventListener("popstate", () => { kept.acted = false; }, true);
  history.pushState = (...entry) => {
    if (kept.acted) push(...entry); else history.replaceState(...entry);
    kept.acted = false;
  };
  return kept;
}

// The address that was opened, in full: Streamlit itself writes none on a session's first run.
function complete(query) {
  const whole = new URLSearchParams(query), asked = new URLSearchParams(location.search);
  for (const name of STREAMLITS_OWN) for (const value of asked.getAll(name)) whole.append(name, value);
  if (String(whole) !== String(asked)) history.replaceState({}, "", `${location.pathname}?${whole}${location.hash}`);
}

export default function ({ data }) {
  window.vaspLensHistory ??= watch();
  if (data.first) complete(data.query);
}

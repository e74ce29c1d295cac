// What changes on the maps from run to run, sent without the films: see 9_mount.js.
export default function ({ data }) {
  const channels = (globalThis.vaspLensMaps ??= { lenses: new Map(), views: new Map() });
  channels.views.set(data.channel, data);
  channels.lenses.get(data.channel)?.(data);
}

// A lens gets its films from this component and its view with them, or from the small script of linked_maps_view, which
// tells what changes without sending the films again: both meet in `channels`, by the name in data.channel.
const channels = (globalThis.vaspLensMaps ??= { lenses: new Map(), views: new Map() });

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".maps"), tell = (picked) => setTriggerValue("picked", picked);
  root.lens ??= new Lens(root);
  const { lens } = root, { channel, points, layout } = data;
  lens.tell = tell;
  lens.hold(points, layout);
  if (!channel) { lens.update(data, tell); return () => lens.close(); }
  const view = (latest) => { if (latest?.layout === lens.layout) lens.update(latest, tell); };
  channels.lenses.set(channel, view);
  view(channels.views.get(channel));
  return () => {
    lens.close();
    if (channels.lenses.get(channel) === view) channels.lenses.delete(channel);
  };
}

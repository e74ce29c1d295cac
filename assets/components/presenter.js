// Tells the server how much larger than on a page everything is on this screen: 1.2 at 1280 x 720, in small steps.
const scaleOf = () => Math.round(20 * Math.max(1, Math.min(4, 1.2 * Math.min(innerWidth / 1280, innerHeight / 720)))) / 20;

export default function ({ data, setStateValue }) {
  let timer, told = data.scale;
  const tell = () => {
    const scale = scaleOf();
    document.documentElement.style.setProperty("--presenter-scale", scale);
    if (Math.abs(scale - told) > 0.01) setStateValue("scale", told = scale);
  };
  const resized = () => { clearTimeout(timer); timer = setTimeout(tell, 300); };
  addEventListener("resize", resized);
  tell();
  return () => { clearTimeout(timer); removeEventListener("resize", resized); };
}

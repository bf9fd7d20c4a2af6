// How long a decision can still be undone, to the second, without asking the server. At its end the page runs again.

const countdowns = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".countdown");
  const isNew = !countdowns.has(root);
  clearInterval(countdowns.get(root));
  const end = performance.now() + data.seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    root.hidden = left <= 0;
    root.querySelector("span").textContent = `for ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} more`;
    if (left > 0) return;
    clearInterval(countdowns.get(root));
    setTriggerValue("over", true);
  };
  root.querySelector("button").onclick = () => setTriggerValue("undo", true);
  countdowns.set(root, setInterval(tick, 1000));
  tick();
  // The decision was made further down; its thanks should be seen.
  if (isNew) root.scrollIntoView({ block: "center", behavior: "smooth" });
  return () => {
    clearInterval(countdowns.get(root));
    countdowns.delete(root);
  };
}

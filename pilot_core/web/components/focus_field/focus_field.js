// Streamlit marks an element that has a key with a class made from it.

const done = new Set();

export default function ({ data }) {
  if (done.has(data.once)) return;
  const field = document.querySelector(`.st-key-${CSS.escape(data.key)} :is(input, textarea)`);
  if (!field) return;
  done.add(data.once);
  field.scrollIntoView({ block: "center" });
  field.focus({ preventScroll: true });
}

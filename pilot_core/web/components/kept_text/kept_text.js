// A text that survives a lost connection and a closed tab, and its button.

const texts = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".writing");
  if (!texts.has(root)) texts.set(root, createText(root));
  texts.get(root).update(data, setTriggerValue);
  return () => texts.delete(root);
}

function createText(root) {
  const find = (selector) => root.querySelector(selector);
  let data = {};
  let tell = () => {};
  const writing = createWriting(root, {
    send: (id, text) => tell("sent", { id, text }),
    changed: (text) => (text === data.initial ? kept.forget(data.name) : kept.write(data.name, text)),
    empty: () => data.may_be_empty,
  });

  find(".cancel").onclick = () => {
    kept.forget(data.name);
    tell("cancelled", true);
  };

  function update(next, setTriggerValue) {
    const other = next.name !== data.name;
    data = next;
    tell = setTriggerValue;
    find(".label").textContent = next.label;
    find(".send").textContent = next.button;
    find(".cancel").textContent = next.cancel;
    find(".cancel").hidden = !next.cancel;
    find("textarea").placeholder = next.placeholder;
    if (other) writing.put(kept.read(next.name) ?? next.initial);
    writing.answered(next.answer);
    writing.render();
  }

  return { update };
}

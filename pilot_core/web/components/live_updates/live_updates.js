// Asks for the page's number while the tab is in view, and tells the server when it is another one, and whether
// somebody is typing: then the page is drawn anew once the field is left.

const ASK_EVERY = 2_000; // ms
const SETTLE = 400; // ms after a field was left, so that a click that left it comes first

const watches = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector("span");
  if (!watches.has(root)) watches.set(root, createWatch());
  const watch = watches.get(root);
  watch.update(data, setTriggerValue);
  return () => {
    watch.stop();
    watches.delete(root);
  };
}

/** Whether a text field has the focus, also one inside a component. */
function isTyping() {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  if (!focused) return false;
  const kinds = ["button", "checkbox", "radio", "range", "submit"];
  return focused.isContentEditable || focused.matches("textarea") || (focused.matches("input") && !kinds.includes(focused.type));
}

function createWatch() {
  let data = {};
  let tell = () => {};
  let drawn = 0; // when the page was drawn
  let told = ""; // what was told of last, so that each change is told once, and once more when typing is over
  let waiting = 0;

  function redraw(number) {
    const typing = isTyping();
    if (told === `${number} ${typing}`) return;
    told = `${number} ${typing}`;
    tell("changed", { number, typing });
  }

  async function ask() {
    if (document.visibilityState === "hidden") return;
    try {
      const answer = await fetch(data.address, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { number } = await answer.json();
      if (number !== data.number) redraw(number);
      else if (Date.now() - drawn > data.redraw && !isTyping()) redraw(`${number} ${Date.now()}`);
    } catch {
      // The server cannot be reached. Streamlit says so, and the next turn asks again.
    }
  }

  function left() {
    clearTimeout(waiting);
    waiting = setTimeout(ask, SETTLE);
  }

  const every = setInterval(ask, ASK_EVERY);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("focusout", left);

  return {
    update(next, setTriggerValue) {
      if (next.number !== data.number) told = "";
      data = next;
      tell = setTriggerValue;
      drawn = Date.now();
    },
    stop() {
      clearInterval(every);
      clearTimeout(waiting);
      document.removeEventListener("visibilitychange", ask);
      document.removeEventListener("focusout", left);
    },
  };
}

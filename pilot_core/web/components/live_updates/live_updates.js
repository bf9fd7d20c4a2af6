// Asks for the page's number while the tab is in view, and tells the server when it is another one, and whether
// somebody is typing: then the page is drawn anew once the field is left. The server holds its answer back until there
// is news.

const LEAST_BETWEEN = 2_000; // ms from one question to the next, whatever is answered
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
  let heard = ""; // the number that the server told last
  let asking = new AbortController();
  let isAsking = false;
  let isOver = false;

  function redraw(number) {
    const typing = isTyping();
    if (told === `${number} ${typing}`) return;
    told = `${number} ${typing}`;
    tell("changed", { number, typing });
  }

  /** Tells of the number heard last, if the page shows an older one or is old itself. */
  function compare() {
    if (heard !== data.number) redraw(heard);
    else if (Date.now() - drawn > data.redraw && !isTyping()) redraw(`${heard} ${Date.now()}`);
  }

  async function ask() {
    const separator = data.address.includes("?") ? "&" : "?";
    const address = `${data.address}${separator}seen=${encodeURIComponent(heard)}`;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: asking.signal });
      if (!answer.ok) return;
      heard = (await answer.json()).number;
      compare();
    } catch {
      // The tab went out of view, or the server cannot be reached. Streamlit says so, and the next turn asks again.
    }
  }

  /** Asks again and again, as long as the tab is in view. */
  async function watch() {
    if (isAsking) return;
    isAsking = true;
    while (!isOver && document.visibilityState !== "hidden") {
      asking = new AbortController();
      await Promise.all([ask(), new Promise((done) => setTimeout(done, LEAST_BETWEEN))]);
    }
    isAsking = false;
  }

  function seen() {
    if (document.visibilityState === "hidden") asking.abort();
    else watch();
  }

  function left() {
    clearTimeout(waiting);
    waiting = setTimeout(compare, SETTLE);
  }

  document.addEventListener("visibilitychange", seen);
  document.addEventListener("focusout", left);

  return {
    update(next, setTriggerValue) {
      if (next.number !== data.number) told = "";
      // The page may be drawn anew for another reason, before the watch hears of what changed.
      if (next.number !== data.number) heard = next.number;
      data = next;
      tell = setTriggerValue;
      drawn = Date.now();
      watch();
    },
    stop() {
      isOver = true;
      asking.abort();
      clearTimeout(waiting);
      document.removeEventListener("visibilitychange", seen);
      document.removeEventListener("focusout", left);
    },
  };
}

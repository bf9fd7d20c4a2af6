// What someone is typing, kept on their own device until it has arrived. The files of this folder are joined into modules,
// this one first.

const PATIENCE = 10_000; // ms until words that were sent and not answered are said not to have arrived
const LONGEST = 2_000; // characters, as the server counts them
const NOT_SENT = "Not sent yet. Your words are kept on this device; try again as soon as you are online.";

// A browser that stores nothing, as in some private windows, keeps the words for as long as the page is open.
const memory = new Map();

const kept = {
  read(name) {
    try {
      return JSON.parse(localStorage.getItem(`pilot-ops ${name}`));
    } catch {
      return memory.get(name) ?? null;
    }
  },
  write(name, value) {
    memory.set(name, value);
    try {
      localStorage.setItem(`pilot-ops ${name}`, JSON.stringify(value));
    } catch {
      // kept in memory
    }
  },
  forget(name) {
    memory.delete(name);
    try {
      localStorage.removeItem(`pilot-ops ${name}`);
    } catch {
      // was in memory
    }
  },
};

/**
 * A text area with its counter, its button and its place for trouble, below ``root``. ``send(id, text)`` sends; the same
 * words keep their id, so that what is sent twice is taken once. ``changed(text)`` is called as they are typed.
 */
function createWriting(root, { send, changed, empty }) {
  const find = (selector) => root.querySelector(selector);
  const [area, counter, button, fault] = ["textarea", ".counter", ".send", ".fault"].map(find);
  let sent = null; // {id, text}: on its way, or not arrived
  let waiting = false;
  let timer = 0;

  function render() {
    const length = [...area.value.trim()].length;
    const over = length - LONGEST;
    counter.textContent = over > 0 ? `${over} too many` : `${length.toLocaleString("en")} of ${LONGEST.toLocaleString("en")}`;
    counter.classList.toggle("over", over > 0);
    button.disabled = waiting || over > 0 || (!empty() && length === 0);
    button.toggleAttribute("data-waiting", waiting);
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }

  function trouble(sentence) {
    fault.textContent = sentence;
    fault.hidden = !sentence;
  }

  function stopWaiting(sentence) {
    clearTimeout(timer);
    waiting = false;
    trouble(sentence);
    render();
  }

  function submit() {
    if (button.disabled) return;
    const text = area.value.trim();
    if (sent?.text !== text) sent = { id: crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}`, text };
    waiting = true;
    timer = setTimeout(() => stopWaiting(NOT_SENT), PATIENCE);
    trouble("");
    render();
    if (navigator.onLine === false) stopWaiting(NOT_SENT);
    else send(sent.id, text);
  }

  /** Take the server's answer to what was sent last; true when it arrived. */
  function answered(answer) {
    if (!sent || answer?.id !== sent.id) return false;
    stopWaiting(answer.error);
    if (answer.error) return false;
    sent = null;
    area.value = "";
    render();
    return true;
  }

  function put(text) {
    area.value = text;
    render();
  }

  area.oninput = () => {
    changed(area.value);
    render();
  };
  area.onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  };
  // Streamlit has keys of its own (C clears its cache), and cannot see that someone is typing in here.
  root.addEventListener("keydown", (event) => event.stopPropagation());
  button.onclick = submit;

  return { answered, put, render, text: () => area.value };
}

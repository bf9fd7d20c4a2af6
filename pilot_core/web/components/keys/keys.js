// Keys of the dashboard. They do nothing while somebody types, holds a modifier or has a dialog open.

const SECOND = 1_000; // ms in which the letter after "g" counts
const SEARCH = '[data-testid="stMain"] input[type="search"]';

export default function ({ data, parentElement }) {
  const find = (selector) => parentElement.querySelector(selector);
  const dialog = find("dialog");
  const rows = [["/", "Search"], ...data.go.map(({ key, name }) => [`g ${key}`, name]), ["?", "List the keys"]];
  find("table").replaceChildren(
    ...rows.map(([keys, name]) => {
      const [row, first, second] = ["tr", "td", "td"].map((tag) => document.createElement(tag));
      for (const key of keys.split(" ")) {
        const cap = document.createElement("kbd");
        cap.textContent = key;
        first.append(cap, " ");
      }
      second.textContent = name;
      row.append(first, second);
      return row;
    }),
  );
  find(".list").onclick = () => dialog.showModal();
  find(".close").onclick = () => dialog.close();

  let went = 0;

  function open(path) {
    const links = document.querySelectorAll('[data-testid="stSidebarNavLink"]');
    const places = path === "/" ? ["/", "/overview"] : [path];
    const link = [...links].find((one) => places.includes(new URL(one.href).pathname));
    if (link) link.click();
    return Boolean(link);
  }

  function search() {
    const field = document.querySelector(SEARCH);
    if (field) field.focus();
    else open("/pilot");
    return true;
  }

  function pressed(event) {
    const target = event.composedPath()[0];
    const types = target.matches?.("input, textarea, select, [contenteditable='true'], [role='combobox']");
    if (types || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('[role="dialog"]') || dialog.open) return;
    let done = false;
    if (went && event.timeStamp - went < SECOND) {
      const place = data.go.find(({ key }) => key === event.key);
      done = Boolean(place) && open(place.path);
      went = 0;
    } else if (event.key === "g") {
      went = event.timeStamp;
    } else if (event.key === "/") {
      done = search();
    } else if (event.key === "?") {
      dialog.showModal();
      done = true;
    }
    if (done) event.preventDefault();
  }

  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}

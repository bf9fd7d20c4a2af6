// The row of buttons in the thumb's reach, and the sheet for a comment that opens above it. Which frame, range and mark a
// comment is of is agreed on with the film's player, here in the browser: nothing waits for the network until it is sent.

const REPORT_EVERY = 10; // seconds of film between two reports of what was watched

const docks = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".dock");
  if (!docks.has(root)) docks.set(root, createDock(root));
  const dock = docks.get(root);
  dock.update(data, setTriggerValue);
  return () => {
    dock.destroy();
    docks.delete(root);
  };
}

function createDock(root) {
  const find = (selector) => root.querySelector(selector);
  const sheet = find(".sheet");
  let data = {};
  let tell = () => {};
  let film = null; // where the film stands, as its player says
  let anchor = null; // {frame, end_frame, shape, words}: what the comment is of
  let returning = null; // the frame of a comment that was begun before the page was left
  let watched = new Set(); // whole seconds
  let reported = 0;

  const name = () => `comment ${data.attempt_id}`;
  const ask = (act, more) => window.dispatchEvent(new CustomEvent("pilot-dock", { detail: { act, ...more } }));
  const writing = createWriting(sheet, { send, changed: keep, empty: () => false });

  function send(id, text) {
    const { frame, end_frame, shape } = anchor;
    tell("sent", { id, text, frame, end_frame, shape });
  }

  function keep(text) {
    if (text.trim()) kept.write(name(), { text, anchor });
    else kept.forget(name());
  }

  // The sheet

  function open() {
    ask("here");
    take();
    show(true);
    find("textarea").focus({ preventScroll: true }); // within the tap, or a phone shows no keyboard
  }

  function show(on) {
    sheet.hidden = !on;
    find(".bar").hidden = on;
    render();
    writing.render();
  }

  function close() {
    ask("clear");
    anchor = null;
    show(false);
  }

  function take() {
    if (!film) return;
    const { frame, end_frame, shape, words } = film;
    anchor = { frame, end_frame, shape, words };
    keep(writing.text());
  }

  const isOn = (frame) => anchor.frame <= frame && frame <= (anchor.end_frame ?? anchor.frame);

  /** While a range is chosen the comment follows the film; otherwise it stays where it was begun. */
  function heard({ detail }) {
    film = detail;
    if (returning !== null) goBack();
    if (!sheet.hidden && anchor) {
      const { frame, end_frame, words, shape } = film;
      if (film.ranging) Object.assign(anchor, { frame, end_frame, words });
      if (shape && isOn(film.position)) anchor.shape = shape;
      if (film.ranging || shape) keep(writing.text());
      render();
    }
    if (film.playing) watched.add(film.second);
    if (film.playing ? watched.size >= reported + REPORT_EVERY : watched.size > reported) report();
  }

  function render() {
    if (!anchor) return;
    const [where, move, range, draw, hint] = [".where", '[data-do="move"]', '[data-do="range"]', '[data-do="draw"]', ".hint"].map(find);
    const ranging = Boolean(film?.ranging);
    const away = film && !ranging && !isOn(film.position) && film.words !== anchor.words;
    where.textContent = anchor.end_frame === null ? `At ${anchor.words}` : `From ${anchor.words.replace("–", " to ")}`;
    move.hidden = !away;
    move.textContent = away ? `Move to ${film.words}` : "";
    range.textContent = ranging ? "End here" : anchor.end_frame === null ? "Range" : "One frame";
    range.setAttribute("aria-pressed", ranging);
    draw.setAttribute("aria-pressed", Boolean(film?.drawing || anchor.shape));
    draw.textContent = anchor.shape ? "Remove mark" : "Draw";
    hint.textContent = film?.drawing
      ? anchor.shape
        ? "Marked. Tap or drag again to put it elsewhere."
        : "Tap a spot on the picture, or drag a box."
      : ranging
        ? "Play or drag to where it ends."
        : "";
    hint.hidden = !hint.textContent;
    sheet.classList.toggle("picking", ranging || (Boolean(film?.drawing) && !anchor.shape));
  }

  const acts = {
    open,
    close,
    move: () => take(),
    range: () => {
      if (film?.ranging) ask("range");
      else if (anchor.end_frame !== null) {
        Object.assign(anchor, { end_frame: null, words: anchor.words.split("–")[0] });
        keep(writing.text());
      } else {
        ask("go", { frame: anchor.frame });
        ask("range");
      }
    },
    draw: () => {
      if (anchor.shape) {
        anchor.shape = null;
        ask("clear");
        keep(writing.text());
      } else {
        if (!isOn(film.position)) ask("go", { frame: anchor.frame });
        ask("draw");
        find("textarea").blur();
      }
    },
    approve: () => decide("approve"),
    changes: () => decide("changes"),
  };

  function decide(what) {
    tell("decide", what);
    document.getElementById("decision")?.scrollIntoView({ block: "start", behavior: "smooth" });
  }

  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    acts[button.dataset.do]?.();
    render();
  };

  sheet.addEventListener("keydown", (event) => event.key === "Escape" && close());

  // What was watched

  function report() {
    if (!data.report_to || watched.size === reported) return;
    const ranges = [];
    for (const second of [...watched].sort((a, b) => a - b)) {
      if (ranges.length && ranges.at(-1)[1] === second - 1) ranges.at(-1)[1] = second;
      else ranges.push([second, second]);
    }
    const words = JSON.stringify({ attempt: data.attempt, watched: ranges });
    // All of it each time: whatever did not arrive goes with the next.
    if (navigator.sendBeacon(data.report_to, new Blob([words], { type: "application/json" }))) reported = watched.size;
  }

  const leaving = () => document.visibilityState === "hidden" && report();
  window.addEventListener("pilot-film", heard);
  window.addEventListener("pagehide", report);
  document.addEventListener("visibilitychange", leaving);

  function update(next, setTriggerValue) {
    const other = next.attempt_id !== data.attempt_id;
    if (other) report();
    data = next;
    tell = setTriggerValue;
    find('[data-do="open"]').hidden = !next.film;
    find('[data-do="approve"]').hidden = find('[data-do="changes"]').hidden = !next.decide;
    if (other) begin();
    if (writing.answered(next.answer)) close();
    if (!next.film && !sheet.hidden) show(false);
  }

  /** Another attempt: nothing of the last one's. What was typed of this one and not sent stands there again. */
  function begin() {
    [film, anchor, returning, watched, reported] = [null, null, null, new Set(), 0];
    const before = kept.read(name());
    writing.put(before?.text ?? "");
    if (!before?.anchor || !data.film) return show(false);
    [anchor, returning] = [before.anchor, before.anchor.frame];
    show(true);
    goBack();
  }

  /** At once, and again when the film comes later than this dock. */
  function goBack() {
    const frame = returning;
    if (film) returning = null;
    ask("go", { frame });
  }

  function destroy() {
    report();
    window.removeEventListener("pilot-film", heard);
    window.removeEventListener("pagehide", report);
    document.removeEventListener("visibilitychange", leaving);
  }

  return { update, destroy };
}

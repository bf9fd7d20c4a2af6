// The sheet for a comment, in place of the row of buttons. Which frame, range and mark a comment is of is agreed on with the
// player, here in the browser: nothing waits for the network until it is sent.

/** ``ask`` are the player's acts; ``inline`` where the form stays in the page, and follows the video until it is typed in. */
function createComposer(ask, { inline = false } = {}) {
  const form = formNamed(document, "comment");
  const home = element("comment");
  const sheet = element("sheet");
  const find = (selector) => form.querySelector(selector);
  const area = areaOf(form);
  const [picked, where, move, range, draw, hint, close] = [
    ".picked", ".where", '[data-do="move"]', '[data-do="range"]', '[data-do="draw"]', ".hint", '[data-do="close"]',
  ].map(find);
  let film = null; // where the video is, as the player says
  let anchor = null; // {frame, end_frame, shape, words}: what the comment is of

  const isOpen = () => inline || !sheet.hidden;
  const isOn = (frame) => anchor.frame <= frame && frame <= (anchor.end_frame ?? anchor.frame);

  function open({ at = null } = {}) {
    ask.stay();
    if (at) anchor = at;
    else take();
    show(true);
    if (!inline) area.focus({ preventScroll: true }); // within the tap, or a phone shows no keyboard
  }

  function show(on) {
    if (inline) {
      picked.hidden = false;
      find(".typed").hidden = true;
      render();
      return renderForm(form);
    }
    (on ? sheet : home).append(form);
    sheet.hidden = !on;
    picked.hidden = close.hidden = !on;
    element("bar").hidden = on;
    document.body.classList.toggle("composing", on);
    render();
    renderForm(form);
  }

  /** Back to the row of buttons; what was typed stays in the form. */
  function shut() {
    ask.clear();
    anchor = null;
    if (inline) return open();
    show(false);
    document.querySelector('#bar [data-do="compose"]')?.focus({ preventScroll: true });
  }

  function take() {
    if (!film) return;
    const { frame, end_frame, shape, words } = film;
    anchor = { frame, end_frame, shape, words };
    keep();
  }

  function keep() {
    if (area.value.trim() || fileOf(form)) keepForm(form, { anchor });
    else drafts.forget(form.dataset.draft, form.elements.key.value);
  }

  /** While a range is chosen the comment follows the video; otherwise it stays where it was begun. */
  function heard(state) {
    film = state;
    if (!isOpen() || !anchor) return;
    const { frame, end_frame, words, shape } = film;
    if (inline && !area.value.trim() && anchor.end_frame === null) Object.assign(anchor, { frame, end_frame, words });
    if (film.ranging) Object.assign(anchor, { frame, end_frame, words });
    if (shape && isOn(film.position)) anchor.shape = shape;
    if (film.ranging || shape) keep();
    render();
  }

  function render() {
    for (const name of ["frame", "end_frame"]) form.elements[name].value = inCommented(anchor?.[name] ?? null) ?? "";
    form.elements.shape.value = anchor?.shape ? JSON.stringify(anchor.shape) : "";
    if (!anchor) return;
    const ranging = Boolean(film?.ranging);
    const away = film && !ranging && !isOn(film.position) && film.words !== anchor.words;
    const text = anchor.end_frame === null ? `At ${anchor.words}` : `From ${anchor.words.replace("–", " to ")}`;
    if (where.textContent !== text) where.textContent = text;
    move.hidden = !away;
    move.textContent = away ? `Move to ${film.words}` : "";
    range.textContent = ranging ? "End here" : anchor.end_frame === null ? "Range" : "One frame";
    range.setAttribute("aria-pressed", ranging);
    draw?.setAttribute("aria-pressed", Boolean(film?.drawing || anchor.shape));
    if (draw) draw.textContent = anchor.shape ? "Remove mark" : "Draw";
    const marked = film?.drawing && anchor.shape;
    hint.textContent = marked
      ? "Marked. Tap or drag again to put it elsewhere."
      : film?.drawing
        ? "Tap a spot on the picture, or drag a box."
        : ranging
          ? "Play or drag to where it ends."
          : "";
    hint.hidden = !hint.textContent;
    sheet?.classList.toggle("picking", ranging || Boolean(film?.drawing && !anchor.shape));
  }

  const acts = {
    close: shut,
    move: take,
    range: () => {
      if (film?.ranging) ask.range();
      else if (anchor.end_frame !== null) {
        Object.assign(anchor, { end_frame: null, words: anchor.words.split("–")[0] });
        keep();
      } else {
        ask.go(anchor.frame);
        ask.range();
      }
    },
    draw: () => {
      if (anchor.shape) {
        anchor.shape = null;
        ask.clear();
        keep();
      } else {
        if (!isOn(film.position)) ask.go(anchor.frame);
        ask.draw();
        area.blur();
      }
    },
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (!button || !anchor) return;
    acts[button.dataset.do]?.();
    render();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen()) shut();
  });
  area.addEventListener("input", keep);

  /** It has arrived: the form is empty, with a new key. */
  function sent(page) {
    area.value = "";
    const fresh = formNamed(page, "comment");
    if (fresh) form.elements.key.value = fresh.elements.key.value;
    if (isOpen()) shut();
    renderForm(form);
  }

  /** A frame of the longest video on screen as a frame of the version that is commented on, which may run at another rate. */
  function inCommented(frame) {
    if (frame === null || !data.commented_rate) return frame;
    const [numerator, denominator] = data.commented_rate;
    return Math.floor((ask.timeOf(frame) * numerator) / denominator);
  }

  /** What was typed before the page was left, at its place. */
  function resume() {
    const before = drafts.read(form.dataset.draft);
    if (!before?.text && !fileOf(form)) return;
    area.value = before?.text ?? "";
    if (before?.anchor) {
      ask.go(before.anchor.frame);
      open({ at: before.anchor });
    } else if (fileOf(form)) open();
    else renderForm(form);
  }

  /** End the range that was begun, with what is said of it; false if none was. */
  function endRange() {
    if (!film?.ranging) return false;
    if (!isOpen() || inline) open();
    ask.endRange();
    area.focus({ preventScroll: true }); // only now: while a range is chosen the field makes room for the controls
    return true;
  }

  /** Write, by the key: where a comment is being written already, it stays at its place. */
  function write() {
    if (!isOpen() || (inline && !area.value.trim() && anchor?.end_frame === null)) open();
    area.focus({ preventScroll: true });
  }

  /** Words from elsewhere, such as an earlier version, put into the comment. */
  function put(text) {
    area.value = [area.value.trim(), text].filter(Boolean).join("\n\n");
    open();
    keep();
  }

  return { open, shut, heard, sent, resume, put, endRange, write, isOpen };
}

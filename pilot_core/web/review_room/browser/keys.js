// Keys of the page, wherever the focus is but in a field: what is typed is never a command.

const TYPED_IN = "input, textarea, select, [contenteditable]";

/** ``act`` are the page's: comment, rangeIn, rangeOut, and reply, which gets the thread that has the focus, or the newest. */
function createKeys(act) {
  const keys = {
    c: act.comment,
    i: act.rangeIn,
    o: act.rangeOut,
    r: () => act.reply(threadToAnswer()),
    "+": act.zoomIn,
    "=": act.zoomIn,
    "-": act.zoomOut,
    "−": act.zoomOut,
    0: act.fit,
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPED_IN)) return;
    const chosen = keys[event.key.toLowerCase()];
    if (!chosen) return;
    event.preventDefault();
    chosen();
  });
  return keys;
}

/** The comment in focus, or the one that was written last. */
function threadToAnswer() {
  const answerable = [...document.querySelectorAll(".thread")].filter((thread) => thread.querySelector('details[id^="reply-"]'));
  const focused = document.activeElement?.closest?.(".thread");
  if (answerable.includes(focused)) return focused;
  return answerable.reduce((newest, thread) => (!newest || thread.dataset.at > newest.dataset.at ? thread : newest), null);
}

// A closer look at the picture: two fingers, the wheel with Ctrl, a double tap or keys. Two videos are enlarged together, at
// the same place. At its fitted size the picture leaves dragging to the page, which scrolls.

const CLOSEST = 8; // times the fitted size
const CLOSER = 2.5; // times, after a double tap
const NOTCH = 1.25; // times, for each press of a key or a button
const SHIFT = 0.1; // of the picture, for each press of Shift and an arrow
const STILL = 6; // pixels a finger may wander in a tap

/**
 * ``pictures()`` are the elements to enlarge, each in a ``.view``; ``drawing()`` tells whether one finger draws, and
 * ``abandon()`` takes back what it drew when a second one comes down. ``changed(scale)`` hears of every change.
 */
function createZoom(stage, { pictures, drawing, abandon, changed }) {
  const fingers = new Map(); // where each pointer is, by its id
  let [scale, x, y] = [1, 0, 0]; // x and y in parts of the fitted picture, from its middle
  let dragged = false; // by the pointer that is down
  let held; // the view under the pointer that came down first
  let began = 1; // the scale when a gesture of Safari's began

  const isZoomed = () => scale > 1;

  /** A view and where its picture ends: one video may fill the stage, two keep to their halves. */
  function measure(view = pictures()[0]?.parentElement) {
    const own = view.getBoundingClientRect();
    return { own, box: pictures().length > 1 ? own : stage.getBoundingClientRect() };
  }

  function render() {
    if (pictures().length) {
      const { own, box } = measure();
      const reach = (part, whole) => Math.max(0, (scale * part - whole) / 2 / (part || 1));
      x = within(x, -reach(own.width, box.width), reach(own.width, box.width));
      y = within(y, -reach(own.height, box.height), reach(own.height, box.height));
    }
    for (const picture of pictures()) picture.style.transform = isZoomed() ? `translate(${percent(x)}, ${percent(y)}) scale(${scale})` : "";
    stage.style.setProperty("--zoom", scale);
    stage.classList.toggle("zoomed", isZoomed());
    changed(scale);
  }

  /** Enlarge to ``next`` so that what is at a point of the screen stays there; without a point, at the middle. */
  function zoomTo(next, at = null, view = undefined) {
    const before = scale;
    scale = within(next, 1, CLOSEST);
    if (scale < 1.01) scale = 1;
    const [u, v] = at ? inParts(at, view) : [0, 0];
    [x, y] = [u - ((u - x) * scale) / before, v - ((v - y) * scale) / before];
    if (!isZoomed()) [x, y] = [0, 0];
    render();
  }

  function inParts([left, top], view) {
    const { own } = measure(view);
    return [(left - own.left) / own.width - 0.5, (top - own.top) / own.height - 0.5];
  }

  function move(right, down, view) {
    const { own } = measure(view);
    [x, y] = [x + right / own.width, y + down / own.height];
    render();
  }

  const viewOf = (event) => event.target.closest?.(".view") ?? undefined;

  // Pointers

  const spread = () => {
    const [[left, top], [right, bottom]] = fingers.values();
    return { middle: [(left + right) / 2, (top + bottom) / 2], apart: Math.hypot(right - left, bottom - top) || 1 };
  };

  function down(event) {
    if (event.isPrimary) {
      fingers.clear();
      [dragged, held] = [false, viewOf(event)];
    }
    if (event.target.closest("button:not(.big)") || event.button > 0 || fingers.size === 2) return;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    for (const [name, listener] of following) window.addEventListener(name, listener, true);
    if (fingers.size < 2) return;
    dragged = true;
    if (drawing()) abandon();
    event.stopPropagation(); // a second finger draws nothing
  }

  function moved(event) {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    if (fingers.size === 2) {
      event.stopPropagation();
      const old = spread();
      fingers.set(event.pointerId, now);
      const { middle: point, apart } = spread();
      move(point[0] - old.middle[0], point[1] - old.middle[1], held);
      return zoomTo((scale * apart) / old.apart, point, held);
    }
    if (!isZoomed() || drawing()) return;
    if (!dragged && Math.hypot(now[0] - before[0], now[1] - before[1]) < STILL) return;
    dragged = true;
    fingers.set(event.pointerId, now);
    move(now[0] - before[0], now[1] - before[1], held);
  }

  function up(event) {
    fingers.delete(event.pointerId);
    if (!fingers.size) for (const [name, listener] of following) window.removeEventListener(name, listener, true);
  }

  // On the window, since a quick pointer is outside the stage before the stage hears of it.
  const following = [["pointermove", moved], ["pointerup", up], ["pointercancel", up]];

  function wheel(event) {
    if (!event.ctrlKey) return; // the page scrolls
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    zoomTo(scale * Math.exp(-within(event.deltaY * lines, -60, 60) / 100), [event.clientX, event.clientY], viewOf(event));
  }

  // A browser that has begun to scroll with two fingers does not give them back.
  const keep = (event) => event.touches.length > 1 && event.cancelable && event.preventDefault();

  stage.addEventListener("pointerdown", down, true);
  stage.addEventListener("wheel", wheel, { passive: false });
  for (const touch of ["touchstart", "touchmove"]) stage.addEventListener(touch, keep, { passive: false });
  // Safari tells of two fingers on a trackpad this way alone.
  stage.addEventListener("gesturestart", (event) => {
    event.preventDefault();
    began = scale;
  });
  stage.addEventListener("gesturechange", (event) => {
    event.preventDefault();
    if (fingers.size < 2) zoomTo(began * event.scale, [event.clientX, event.clientY], viewOf(event));
  });
  // What ended a drag or a pinch is no click. A key's click on a button has no detail.
  stage.addEventListener("click", (event) => dragged && event.detail && event.stopPropagation(), true);
  new ResizeObserver(() => isZoomed() && render()).observe(stage);

  return {
    in: () => zoomTo(scale * NOTCH),
    out: () => zoomTo(scale / NOTCH),
    fit: () => zoomTo(1),
    toggle: (event) => zoomTo(isZoomed() ? 1 : CLOSER, [event.clientX, event.clientY], viewOf(event)),
    /** Shift and an arrow look further in its direction; false where there is nothing to move. */
    key: ({ key, shiftKey }) => {
      const to = { ArrowLeft: [SHIFT, 0], ArrowRight: [-SHIFT, 0], ArrowUp: [0, SHIFT], ArrowDown: [0, -SHIFT] }[key];
      if (!to || !shiftKey || !isZoomed()) return false;
      [x, y] = [x + to[0], y + to[1]];
      render();
      return true;
    },
  };
}

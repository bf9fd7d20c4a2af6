// The layer over the picture: shows marks, and lets one be drawn. A mark is {x, y, width, height} in parts of the picture
// (0 to 1); without width and height it is a point.

const TAP = 0.015; // of the picture; a drag shorter than this is a tap
const NUDGE = 0.02; // of the picture, for each press of an arrow key

/** ``drawn(mark)`` is called with each new state of the mark, null for none; ``left()`` when drawing is ended from here. */
function createCanvas(layer, { drawn, left }) {
  let mark = null;
  let before = null; // the mark that the one being drawn replaces
  let showing = "[]";

  function show(marks) {
    const key = JSON.stringify(marks);
    if (key === showing) return;
    showing = key;
    layer.replaceChildren(...marks.map(element));
  }

  function element({ x, y, width, height }) {
    const box = document.createElement("div");
    const point = !width && !height;
    box.className = point ? "mark point" : "mark";
    Object.assign(box.style, { left: percent(x), top: percent(y) });
    if (!point) Object.assign(box.style, { width: percent(width), height: percent(height) });
    return box;
  }

  function setDrawing(on) {
    layer.classList.toggle("drawing", on);
    layer.onpointerdown = on ? begin : null;
    mark = null;
    const spoken = {
      tabindex: "0",
      role: "application",
      "aria-label": "Draw on the picture: Enter sets a point, arrows move it, Shift and arrows make it a box",
    };
    for (const [name, value] of Object.entries(spoken)) on ? layer.setAttribute(name, value) : layer.removeAttribute(name);
    if (on) layer.focus({ preventScroll: true });
  }

  function draw(next) {
    mark = next;
    drawn(mark);
  }

  function begin(event) {
    const box = layer.getBoundingClientRect();
    const at = ({ clientX, clientY }) => [
      within((clientX - box.left) / box.width, 0, 1),
      within((clientY - box.top) / box.height, 0, 1),
    ];
    const [x, y] = at(event);
    const stretch = (to) => {
      const [right, bottom] = at(to);
      const [width, height] = [Math.abs(right - x), Math.abs(bottom - y)];
      const tap = width < TAP && height < TAP;
      draw(tap ? { x, y, width: 0, height: 0 } : { x: Math.min(x, right), y: Math.min(y, bottom), width, height });
    };
    event.preventDefault();
    before = mark;
    layer.setPointerCapture(event.pointerId);
    layer.onpointermove = stretch;
    layer.onpointerup = layer.onpointercancel = () => (layer.onpointermove = null);
    stretch(event);
  }

  /** Take back the mark that is being drawn. */
  function abandon() {
    layer.onpointermove = null;
    draw(before);
  }

  /** Drawing with the keyboard; true when the key was one of its own. */
  function key(event) {
    const arrows = { ArrowLeft: [-NUDGE, 0], ArrowRight: [NUDGE, 0], ArrowUp: [0, -NUDGE], ArrowDown: [0, NUDGE] };
    const move = arrows[event.key];
    if (event.key === "Escape") left();
    else if (event.key === "Enter") draw({ x: 0.5, y: 0.5, width: 0, height: 0 });
    else if (move && mark) {
      let { x, y, width, height } = mark;
      if (event.shiftKey) [width, height] = [within(width + move[0], 0, 1 - x), within(height + move[1], 0, 1 - y)];
      else [x, y] = [within(x + move[0], 0, 1 - width), within(y + move[1], 0, 1 - height)];
      draw({ x, y, width, height });
    } else return false;
    return true;
  }

  return { show, setDrawing, abandon, key, isDrawing: () => layer.classList.contains("drawing") };
}

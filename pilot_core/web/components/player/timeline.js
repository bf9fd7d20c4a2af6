// The line of time: where the film stands, markers, the range being chosen, and what is under the pointer.

const THUMBNAIL = 150; // pixels, the longer side
const NEAR = 28; // pixels between two markers from which each has a target of its own
const MARKERS = {
  comment: ["Comment", "M12 3a9 9 0 1 1 0 18a9 9 0 0 1 0-18z"],
  resolved: ["Resolved comment", "M12 3a9 9 0 1 1 0 18a9 9 0 0 1 0-18zM7 12l3.5 3.5L17 9l-1.5-1.5l-5 5L8.5 10.5z"],
  issue: ["Issue", "M12 2l10 10l-10 10L2 12z"],
  shot: ["Shot", "M10.5 3h3v18h-3z"],
};

/**
 * ``seek(frame)`` goes there; ``hold()`` stops for a drag and ``release()`` goes on after it; ``picked(marker)`` is a click
 * on a marker.
 */
function createTimeline(root, { seek, hold, release, picked }) {
  const find = (selector) => root.querySelector(selector);
  const [line, track, lane, scrub, bubble, thumb] = [".timeline", ".track", ".lane", ".scrub", ".preview", ".thumb"].map(find);
  let film = { count: 1, rate: [30, 1], sprite: null };
  let markers = [];
  let shown = 0; // the frame on screen
  let sprite = null; // {columns, rows, tile_width, tile_height, every_seconds, count}; null: not asked for; false: none

  const part = (frame) => frame / Math.max(1, film.count - 1);
  const clock = (frame) => plain(start(frame, film.rate));
  const secondOf = (frame) => Math.floor(start(frame, film.rate));

  /** When a marker is: the time, and its frame within the second where another marker is in the same second. */
  function when(frame) {
    const shared = markers.some((other) => other.frame !== frame && secondOf(other.frame) === secondOf(frame));
    const nominal = Math.max(1, Math.floor(film.rate[0] / film.rate[1] + 0.5));
    const rest = frame - Math.ceil((secondOf(frame) * film.rate[0]) / film.rate[1]);
    return shared ? `${clock(frame)}:${String(rest).padStart(String(nominal - 1).length, "0")}` : clock(frame);
  }

  function setFilm(next) {
    if (next.sprite !== film.sprite) sprite = null;
    film = next;
    renderMarkers();
  }

  function setMarkers(next) {
    markers = next;
    renderMarkers();
  }

  /** ``loaded`` in parts of the film; ``range`` is [first, last] or null. */
  function render(frame, loaded, range) {
    shown = frame;
    scrub.max = Math.max(1, film.count - 1);
    scrub.value = frame;
    scrub.setAttribute("aria-valuetext", `${clock(frame)} of ${clock(film.count)}, frame ${frame}`);
    find(".played").style.width = percent(part(frame));
    find(".loaded").style.width = percent(loaded);
    const span = find(".span");
    span.hidden = !range;
    if (range) {
      span.style.left = percent(part(range[0]));
      span.style.width = `max(3px, ${percent(part(range[1] - range[0]))})`;
    }
    lane.childNodes.forEach((node) => node.classList.toggle("here", node.first <= frame && frame <= node.last));
  }

  function renderMarkers() {
    line.classList.toggle("marked", markers.length > 0);
    lane.replaceChildren(...clusters().flatMap(markerElements));
  }

  /** Markers that would lie on each other are one target, which goes from one of them to the next. */
  function clusters() {
    const width = lane.clientWidth || Infinity;
    const found = [];
    for (const marker of [...markers].sort((a, b) => a.frame - b.frame)) {
      const group = found.at(-1);
      if (group && part(marker.frame - group[0].frame) * width < NEAR) group.push(marker);
      else found.push([marker]);
    }
    return found;
  }

  function markerElements(group) {
    const { frame, label, kind } = group[0];
    const [name, path] = MARKERS[kind] || MARKERS.comment;
    const button = document.createElement("button");
    const last = Math.max(...group.map((marker) => marker.end_frame ?? marker.frame));
    Object.assign(button, { type: "button", className: `marker ${kind}`, first: frame, last });
    button.style.left = percent(part(frame));
    const words = group.length > 1 ? `${group.length} markers, the first: ${label}` : label;
    button.setAttribute("aria-label", `${name} at ${when(frame)}: ${words}`);
    button.append(icon(path));
    if (group.length > 1) button.dataset.count = group.length;
    button.onclick = () => picked(group.find((marker) => marker.frame > shown) ?? group[0]);
    button.onpointerenter = button.onfocus = () => preview(frame, words);
    button.onpointerleave = button.onblur = hidePreview;
    const reaches = group.filter((marker) => (marker.end_frame ?? marker.frame) > marker.frame).map(reachElement);
    return [...reaches, button];
  }

  function reachElement({ frame, end_frame: end, kind }) {
    const reach = document.createElement("div");
    reach.className = `reach ${kind}`;
    Object.assign(reach.style, { left: percent(part(frame)), width: percent(part(end - frame)) });
    return reach;
  }

  function icon(path) {
    const drawing = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(drawing, "svg");
    const shape = document.createElementNS(drawing, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    shape.setAttribute("d", path);
    shape.setAttribute("fill-rule", "evenodd");
    svg.append(shape);
    return svg;
  }

  // The bubble over the line: a thumbnail, the marker's words, the time

  function preview(frame, words = "") {
    bubble.hidden = false;
    find(".what").textContent = words;
    find(".when").textContent = words ? when(frame) : clock(frame);
    thumb.hidden = !sprite;
    if (sprite) showTile(frame);
    else loadSprite().then((came) => came && !bubble.hidden && preview(frame, words));
    const centre = track.offsetLeft + part(frame) * track.clientWidth;
    const room = Math.max(0, line.clientWidth - bubble.offsetWidth);
    bubble.style.left = `${within(centre - bubble.offsetWidth / 2, 0, room)}px`;
  }

  function hidePreview() {
    bubble.hidden = true;
  }

  /** Fetch the description of the thumbnails once; true when it has just come. */
  async function loadSprite() {
    if (sprite !== null || !film.sprite) return false;
    sprite = false;
    const answer = await fetch(film.sprite).catch(() => null);
    if (answer?.ok) sprite = await answer.json().catch(() => false);
    return Boolean(sprite);
  }

  function showTile(frame) {
    const { columns, rows, tile_width: width, tile_height: height, every_seconds: every, count } = sprite;
    const scale = Math.min(1, THUMBNAIL / Math.max(width, height));
    const [wide, high] = [width * scale, height * scale];
    const tile = within(Math.floor(start(frame, film.rate) / every), 0, count - 1);
    Object.assign(thumb.style, {
      width: `${wide}px`,
      height: `${high}px`,
      backgroundImage: `url("${film.sprite.replace(/json$/, "jpg")}")`,
      backgroundSize: `${columns * wide}px ${rows * high}px`,
      backgroundPosition: `${-(tile % columns) * wide}px ${-Math.floor(tile / columns) * high}px`,
    });
  }

  // Pointers

  function under({ clientX }) {
    const { left, width } = track.getBoundingClientRect();
    return Math.round(within((clientX - left) / width, 0, 1) * (film.count - 1));
  }

  function hover(event) {
    if (event.pointerType !== "touch" && !event.target.closest(".marker")) preview(under(event));
  }

  function drag(event) {
    const frame = under(event);
    seek(frame);
    preview(frame);
  }

  function begin(event) {
    if (event.button !== 0 || event.target.closest(".marker")) return;
    event.preventDefault();
    line.setPointerCapture(event.pointerId);
    hold();
    drag(event);
    scrub.focus({ preventScroll: true, focusVisible: false });
    line.onpointermove = drag;
    line.onpointerup = line.onpointercancel = () => {
      line.onpointermove = hover;
      line.onpointerup = line.onpointercancel = null;
      hidePreview();
      release();
    };
  }

  line.onpointerdown = begin;
  line.onpointermove = hover;
  line.onpointerleave = hidePreview;
  scrub.oninput = () => seek(Number(scrub.value));

  new ResizeObserver(renderMarkers).observe(lane);

  return { setFilm, setMarkers, render };
}

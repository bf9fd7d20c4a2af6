// The player: one film, or two in step. Python hears of deliberate acts only (a pause, a comment, a click on a marker),
// since each word reruns the page. All text goes in through textContent.

const FASTEST = 4; // times, of J and L
const JUMP = 5; // seconds, of Page up and Page down
const LOUDER = 5; // percent, of the arrow keys
const UNSURE = 150; // ms after a film went somewhere within which it should say which frame it shows
const NUDGES = 3;
const APART = 0.12; // seconds between two films from which one waits
const TOGETHER = 0.03; // seconds

const players = new WeakMap();

/** Streamlit calls this whenever the data change; what it returns is called when the player leaves the page. */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".player");
  if (!players.has(root)) players.set(root, createPlayer(root));
  const player = players.get(root);
  player.update(data, setTriggerValue);
  return () => {
    player.destroy();
    players.delete(root);
  };
}

function createPlayer(root) {
  const find = (selector) => root.querySelector(selector);
  const template = find(".view").cloneNode(true);
  const timeline = createTimeline(root, { seek, hold, release, picked });
  let views = []; // {element, video, media, frame}; frame is the one on screen, -1 before there is any
  let main; // the longer film: its frames count
  let canvas; // over the first film
  let data = {};
  let tell = () => {};
  let wanted = null; // a frame to go to
  let going = null; // a frame that was asked of the film and that it does not surely show yet
  let nudges = 0; // towards that frame
  let unsure = 0; // a timer
  let playing = false;
  let resume = false; // after a drag
  let captions = true;
  let shuttle = 1; // speed of L
  let reversing = null; // {speed, from, at}
  let rangeStart = null;
  let pending = null; // {frame, shape}: drawn, not yet sent
  let watched = new Set(); // whole seconds seen while playing

  const rate = () => main.media.rate;
  const count = () => main.media.frame_count || Math.max(1, nearest(main.video.duration || 0, rate()));
  const position = () => wanted ?? going ?? Math.max(0, main.frame);
  const pace = () => (shuttle === 1 ? Number(find(".speed").value) : shuttle);
  const clock = (frame) => plain(start(frame, rate()));
  const moving = () => playing || reversing !== null;

  // Films

  function setFilms(sources) {
    views.forEach(leave);
    find(".views").replaceChildren();
    find(".fault").hidden = true;
    delete root.dataset.begun;
    [wanted, going, reversing, rangeStart, pending] = [null, null, null, null, null];
    [playing, resume, watched] = [false, false, new Set()];
    views = sources.map((media) => enter(media, sources.length));
    const length = ({ media }) => start(media.frame_count || 0, media.rate);
    main = views.reduce((longest, view) => (length(view) > length(longest) ? view : longest));
    canvas = createCanvas(views[0].element.querySelector(".shapes"), { drawn, left: () => setDrawing(false) });
    root.setAttribute("aria-label", `Video player: ${sources.map((media) => media.label).join(" and ")}`);
    find('[data-do="captions"]').hidden = !sources.some((media) => media.captions);
    listenTo(views.at(-1));
    setVolume(Number(find(".volume").value));
    showCaptions();
  }

  function enter(media, of) {
    const element = template.cloneNode(true);
    const video = element.querySelector("video");
    const view = { element, video, media, frame: -1, here: true };
    const listen = element.querySelector(".listen");
    listen.hidden = of === 1;
    listen.textContent = media.label;
    listen.onclick = () => listenTo(view);
    fit(view, media.width, media.height, of);
    video.setAttribute("aria-label", media.label);
    if (media.poster) video.poster = media.poster;
    if (media.captions) {
      const track = document.createElement("track");
      video.append(Object.assign(track, { kind: "captions", label: "Captions", src: media.captions }));
    }
    video.onclick = acts.play;
    video.onloadedmetadata = () => {
      fit(view, video.videoWidth, video.videoHeight, of);
      timeline.setFilm({ count: count(), rate: rate(), sprite: main.media.sprite });
      go();
      render();
    };
    video.onseeked = arrived;
    video.onprogress = render;
    video.onwaiting = () => (find(".spinner").hidden = !playing);
    video.onplaying = video.oncanplay = () => (find(".spinner").hidden = true);
    video.onerror = () => (find(".fault").hidden = false);
    video.onended = () => view === main && end();
    // Something else stopped it: another tab's sound, a headset's button.
    video.onpause = () => view === main && playing && video.paused && !video.ended && !view.held && pause(false);
    follow(view);
    video.src = media.video;
    find(".views").append(element);
    return view;
  }

  function leave(view) {
    view.here = false;
    view.video.onpause = view.video.onerror = null;
    view.video.removeAttribute("src");
    view.video.load();
  }

  function fit(view, width, height, of) {
    if (!width || !height) return;
    view.element.style.setProperty("--aspect", width / height);
    view.element.style.setProperty("--count", of);
    find(".views").classList.toggle("wide", width > height);
  }

  /** Keep ``view.frame`` at the frame on screen. */
  function follow(view) {
    const { video, media } = view;
    if (!video.requestVideoFrameCallback) {
      video.ontimeupdate = () => onFrame(view, Math.floor((video.currentTime * media.rate[0]) / media.rate[1] + 1e-6));
      return;
    }
    const next = (now, { mediaTime }) => {
      if (!view.here) return;
      video.requestVideoFrameCallback(next);
      onFrame(view, nearest(mediaTime, media.rate));
    };
    video.requestVideoFrameCallback(next);
  }

  function onFrame(view, frame) {
    view.frame = view.element.dataset.frame = frame;
    keepInStep();
    if (view !== main) return;
    if (playing) {
      if (!view.video.seeking) going = null;
      watched.add(Math.floor(start(frame, rate())));
    }
    render();
  }

  // Moving

  function seek(frame) {
    wanted = within(Math.round(frame), 0, count() - 1);
    root.dataset.begun = "";
    go();
    render();
  }

  /** Go to the wanted frame, unless a film is still on its way to an earlier wish; its arrival calls again. */
  function go() {
    if (wanted === null || views.some(({ video }) => video.seeking || video.readyState < 1)) return;
    [going, wanted, nudges] = [wanted, null, 0];
    place();
  }

  /** Send every film into the frame; each nudge a little further into it. */
  function place() {
    const time = middle(going + nudges / 20, rate());
    for (const { video } of views) video.currentTime = Math.min(time, video.duration || time);
  }

  /** Chromium now and then forgets to announce a frame; then the film is nudged until it says which one it shows. */
  function arrived() {
    clearTimeout(unsure);
    go();
    unsure = setTimeout(() => {
      if (going === null || playing || views.some(({ video }) => video.seeking)) return;
      const time = middle(going, rate());
      const sure = ({ video, frame, media }) => video.ended || frame === Math.floor((time * media.rate[0]) / media.rate[1]);
      if (views.every(sure) || nudges === NUDGES) {
        going = null;
        render();
      } else {
        nudges += 1;
        place();
      }
    }, UNSURE);
  }

  function step(frames) {
    pause(false);
    seek(position() + frames);
  }

  function play() {
    reversing = null;
    if (position() >= count() - 1 || main.video.ended) seek(0);
    playing = true;
    root.dataset.begun = "";
    const time = start(position(), rate());
    for (const view of views) {
      const { video } = view;
      view.held = false;
      video.playbackRate = pace();
      if (view !== main && time >= video.duration) continue; // over; playing it would begin it again
      video.play().catch((error) => error.name === "NotAllowedError" && pause(false));
    }
    render();
  }

  /** Stop on the frame that is on screen. ``said`` when someone asked for it. */
  function pause(said) {
    if (!moving()) return;
    halt();
    settle();
    if (said) report(false);
  }

  function end() {
    if (!playing) return;
    halt();
    if (views.length > 1) settle();
    render();
    report(true);
  }

  function settle() {
    for (const { video } of views) video.pause();
    seek(position());
  }

  function halt() {
    [playing, reversing, shuttle] = [false, null, 1];
    find(".spinner").hidden = true;
  }

  function hold() {
    resume = playing;
    pause(false);
  }

  function release() {
    if (resume) play();
  }

  /** J and L: each press goes faster. Backwards it is frame after frame, since films do not play backwards. */
  function shuttleBy(direction) {
    const speed = Math.min(FASTEST, 2 * (reversing?.speed ?? shuttle));
    if (direction > 0) {
      shuttle = playing ? speed : 1;
      play();
    } else {
      const faster = reversing ? speed : 1;
      pause(false);
      reversing = { speed: faster, from: position(), at: performance.now() };
      requestAnimationFrame(stepBack);
    }
    announce(direction > 0 ? `${shuttle}×` : `Back ${reversing.speed}×`);
  }

  function stepBack(now) {
    if (!reversing) return;
    const { speed, from, at } = reversing;
    const frame = Math.max(0, from - Math.floor(((now - at) / 1000) * speed * (rate()[0] / rate()[1])));
    if (frame < position()) seek(frame);
    if (frame > 0) requestAnimationFrame(stepBack);
    else halt();
    render();
  }

  /**
   * Two films: the one ahead waits for the other when they are apart, since going somewhere takes a slow machine longer
   * than waiting does; small differences are made up by pace.
   */
  function keepInStep() {
    const other = views.find((view) => view !== main);
    if (!other || !playing || main.video.seeking || other.video.seeking) return;
    const over = main.video.currentTime >= other.video.duration;
    const lead = over ? 0 : other.video.currentTime - main.video.currentTime;
    for (const [view, ahead] of [[other, lead], [main, -lead]]) {
      if (ahead > APART && !view.video.paused) {
        view.held = true;
        view.video.pause();
      } else if (ahead < TOGETHER && view.video.paused && !(over && view === other)) {
        view.held = false;
        view.video.play().catch(() => {});
      }
    }
    other.video.playbackRate = pace() * (1 - (Math.abs(lead) < 0.01 ? 0 : within(lead * 2, -0.15, 0.15)));
  }

  // Sound, captions, full screen

  function listenTo(chosen) {
    for (const view of views) {
      view.heard = view === chosen;
      const listen = view.element.querySelector(".listen");
      listen.setAttribute("aria-pressed", view.heard);
      listen.title = view.heard ? "This one is heard" : "Listen to this one";
    }
    mute("muted" in root.dataset);
  }

  function mute(muted) {
    root.toggleAttribute("data-muted", muted);
    for (const view of views) view.video.muted = muted || !view.heard;
    press("mute", muted);
  }

  function setVolume(volume) {
    find(".volume").value = volume;
    for (const { video } of views) video.volume = volume / 100;
  }

  function turnVolume(volume) {
    setVolume(within(volume, 0, 100));
    mute(volume <= 0);
    announce(`Volume ${find(".volume").value}%`);
  }

  function showCaptions() {
    for (const { video } of views) for (const track of video.textTracks) track.mode = captions ? "showing" : "hidden";
    press("captions", captions);
  }

  function fullscreen() {
    if (root.getRootNode().fullscreenElement) document.exitFullscreen();
    else if (root.requestFullscreen) root.requestFullscreen();
    else main.video.webkitEnterFullscreen?.(); // an iPhone shows a bare video only
  }

  // What Python is told

  function report(ended) {
    if (!data.capture) return;
    const ranges = [];
    for (const second of [...watched].sort((a, b) => a - b)) {
      if (ranges.length && ranges.at(-1)[1] === second - 1) ranges.at(-1)[1] = second;
      else ranges.push([second, second]);
    }
    const whole = Math.max(1, Math.ceil(start(count(), rate())));
    tell("paused", { frame: position(), ended, watched: ranges, watched_fraction: Math.min(1, watched.size / whole) });
  }

  function picked({ id, frame }) {
    pause(false);
    seek(frame);
    tell("marker", id);
  }

  function comment() {
    pause(false);
    seek(position());
    const [first, last] = range() ?? [position(), position()];
    const shape = pending && first <= pending.frame && pending.frame <= last ? pending.shape : null;
    tell("comment_here", { frame: first, end_frame: last > first ? last : null, shape });
    setRange(null);
    setDrawing(false);
  }

  function range() {
    return rangeStart === null ? null : [Math.min(rangeStart, position()), Math.max(rangeStart, position())];
  }

  function setRange(frame) {
    rangeStart = frame;
    press("range", frame !== null);
    render();
  }

  function setDrawing(on) {
    if (on) {
      pause(false);
      seek(position());
      announce("Tap a spot or drag a box");
    }
    canvas.setDrawing(on);
    press("draw", on);
    render();
  }

  function drawn(shape) {
    pending = { frame: position(), shape };
    render();
  }

  // The review room's dock stands in for the buttons below the film: it asks by events, and hears where the film stands.

  const docked = {
    here: () => step(0),
    go: ({ frame }) => {
      pause(false);
      seek(frame);
    },
    range: () => setRange(rangeStart === null ? position() : null),
    draw: () => acts.draw(),
    clear: () => {
      pending = null;
      setRange(null);
      setDrawing(false);
    },
  };

  function asked({ detail }) {
    if (data.dock) docked[detail.act]?.(detail);
  }

  function tellDock(frame, span) {
    const [first, last] = span ?? [frame, frame];
    const drawn = pending && first <= pending.frame && pending.frame <= last;
    const detail = {
      frame: first,
      end_frame: last > first ? last : null,
      shape: drawn ? pending.shape : null,
      position: frame,
      words: last > first ? `${clock(first)}–${clock(last)}` : clock(first),
      ranging: rangeStart !== null,
      drawing: canvas.isDrawing(),
      playing,
      second: Math.floor(start(frame, rate())),
    };
    window.dispatchEvent(new CustomEvent("pilot-film", { detail }));
  }

  // What is shown

  function render() {
    if (!main) return;
    const frame = position();
    const { buffered, duration } = main.video;
    const span = range();
    root.dataset.state = moving() ? "playing" : "paused";
    root.querySelectorAll('[data-do="play"]').forEach((button) => button.setAttribute("aria-label", moving() ? "Pause" : "Play"));
    find(".plain").textContent = `${clock(frame)} / ${clock(count())}`;
    find(".timecode").textContent = timecode(frame, rate());
    find(".timecode").title = `Timecode: hours, minutes, seconds, frames. Frame ${frame}, counted from 0`;
    find('[data-do="comment"]').textContent =
      span && span[1] > span[0] ? `Comment on ${clock(span[0])}–${clock(span[1])}` : `Comment at ${clock(frame)}`;
    find('[data-do="range"]').textContent = rangeStart === null ? "Range" : `From ${clock(rangeStart)}`;
    timeline.render(frame, buffered.length && duration ? buffered.end(buffered.length - 1) / duration : 0, span);
    const marks = data.markers.filter((m) => m.shape && m.frame <= frame && frame <= (m.end_frame ?? m.frame));
    canvas.show([...marks.map(({ shape }) => shape), ...(pending?.frame === frame ? [pending.shape] : [])]);
    if (data.dock) tellDock(frame, span);
  }

  function announce(text) {
    const badge = find(".badge");
    badge.textContent = text;
    badge.classList.add("shown");
    clearTimeout(badge.timer);
    badge.timer = setTimeout(() => badge.classList.remove("shown"), 1200);
  }

  function press(name, on) {
    find(`[data-do="${name}"]`).setAttribute("aria-pressed", on);
  }

  // Buttons and keys

  const acts = {
    play: () => (moving() ? pause(true) : play()),
    back: () => step(-1),
    forward: () => step(1),
    mute: () => mute(!("muted" in root.dataset)),
    captions: () => {
      captions = !captions;
      showCaptions();
      announce(captions ? "Captions on" : "Captions off");
    },
    fullscreen,
    comment,
    range: () => setRange(rangeStart === null ? position() : null),
    draw: () => {
      const on = !canvas.isDrawing();
      if (!on) pending = null;
      setDrawing(on);
    },
    reload: () => setFilms(data.sources),
  };

  const jump = (seconds) => seek(position() + nearest(seconds, rate()));
  const keys = {
    " ": acts.play,
    k: acts.play,
    j: () => shuttleBy(-1),
    l: () => shuttleBy(1),
    arrowleft: acts.back,
    ",": acts.back,
    arrowright: acts.forward,
    ".": acts.forward,
    home: () => seek(0),
    end: () => step(count()),
    pageup: () => jump(-JUMP),
    pagedown: () => jump(JUMP),
    arrowup: () => turnVolume(Number(find(".volume").value) + LOUDER),
    arrowdown: () => turnVolume(Number(find(".volume").value) - LOUDER),
    m: acts.mute,
    c: () => !find('[data-do="captions"]').hidden && acts.captions(),
    f: fullscreen,
    i: () => data.capture && acts.range(),
  };

  root.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Streamlit has keys of its own (R reruns the page); inside the player they are the player's.
    event.stopPropagation();
    const { target, key } = event;
    if (target.matches(".drawing") && canvas.key(event)) return event.preventDefault();
    if (target.matches("select, .volume") && key.length > 1) return;
    if (target.matches("button, select") && key === " ") return;
    const act = keys[key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  };

  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    acts[button.dataset.do]?.();
    // After a click with the mouse the space bar should play, not press that button again.
    if (event.detail && !canvas.isDrawing()) root.focus({ preventScroll: true });
  };

  find(".volume").oninput = (event) => turnVolume(Number(event.target.value));
  find(".speed").onchange = () => views.forEach(({ video }) => (video.playbackRate = pace()));

  function update(next, setTriggerValue) {
    const before = data;
    const changed = (name) => JSON.stringify(next[name]) !== JSON.stringify(before[name]);
    const [films, markers, sought, asks] = ["sources", "markers", "seek_frame", "seek"].map(changed);
    data = next;
    tell = setTriggerValue;
    if (films) {
      setFilms(next.sources);
      timeline.setFilm({ count: count(), rate: rate(), sprite: main.media.sprite });
    }
    if (markers) {
      pending = null; // what was drawn is a marker now
      timeline.setMarkers(next.markers);
    }
    find(".capture").hidden = !next.capture;
    root.classList.toggle("docked", next.dock);
    find('[data-do="draw"]').hidden = !next.drawing;
    const target = asks && next.seek ? next.seek[1] : sought || films ? next.seek_frame : null;
    if (target !== null) {
      pause(false);
      seek(target);
    }
    if (asks && next.seek && !films) root.scrollIntoView({ block: "nearest", behavior: "smooth" });
    render();
  }

  window.addEventListener("pilot-dock", asked);

  function destroy() {
    window.removeEventListener("pilot-dock", asked);
    reversing = null;
    clearTimeout(unsure);
    views.forEach(leave);
  }

  return { update, destroy };
}

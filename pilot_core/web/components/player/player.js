// The player: one video, or two in step. The page around it hears what is on screen by ``follow`` and asks by ``acts``; the
// dashboard's pages do neither, so that playing never reruns them. All text goes in through textContent.

const FASTEST = 4; // times, of J and L
const JUMP = 5; // seconds, of Page up and Page down
const LOUDER = 5; // percent, of the arrow keys
const APART = 0.12; // seconds between two videos from which one waits
const TOGETHER = 0.03; // seconds
const DOUBLE = 350; // ms between two clicks that are one double click
const NEARBY = 40; // pixels between them
const SILENT = 400; // ms without a frame callback after which the clock of the video is believed
const STANDS = 1_500; // ms without movement after which a video that says it plays is woken
const FAULTS = {
  network: "The video stopped loading. Check the connection, then try again.",
  decode: "This browser could not decode the video. Try another browser, or tell the team.",
  gone: "The video is no longer available at this address. Reload the page.",
  unsupported: "This browser cannot play this video. Try another browser, or tell the team.",
};

/**
 * ``adopted`` are video elements that are on the page already and are taken over. ``follow(state)`` hears of every change on
 * screen, ``chosen(id)`` of a click on a marker. ``keys`` are the page's, which go before the player's own. ``large(on)`` lays
 * the page out for the video alone, where the browser has no full screen for more than a bare video.
 */
export function createPlayer(root, { adopted = [], follow = null, chosen = null, large = null, keys: moreKeys = {} } = {}) {
  const find = (selector) => root.querySelector(selector);
  const template = find(".view").cloneNode(true);
  const timeline = createTimeline(root, { seek, hold, release, picked });
  let views = []; // {element, video, media, captions, frame}; frame is the one on screen, -1 before there is any
  let main; // the longer film: its frames count
  let canvas; // over the first film
  let data = {};
  let wanted = null; // a frame to go to
  let moment = null; // {frame, seconds}: where the videos were sent, when it was not the middle of that frame
  let tap = null; // {at, x, y, frame, was}: the last click on a video, and what it found
  let going = null; // the frame that the videos are on their way to
  let playing = false;
  let resume = false; // after a drag
  let captions = true;
  let shuttle = 1; // speed of L
  let reversing = null; // {speed, from, at}
  let rangeStart = null;
  let pending = null; // {frame, shape}: drawn, not yet sent
  const parts = createParts({ go: goTo, play, pause, told: (place, of) => of > 1 && announce(`Part ${place + 1} of ${of}`) });
  let saving = savesData();

  const rate = () => main.media.rate;
  const count = () => main.media.frame_count || Math.max(1, nearest(main.video.duration || 0, rate()));
  const position = () => wanted ?? going ?? Math.max(0, main.frame);
  const pace = () => (shuttle === 1 ? Number(find(".speed").value) : shuttle);
  const clock = (frame) => plain(start(frame, rate()));
  const moving = () => playing || reversing !== null;
  const zoom = createZoom(find(".stage"), {
    pictures: () => views.map(({ element }) => element.querySelector(".picture")),
    drawing: () => canvas.isDrawing(),
    abandon: () => canvas.abandon(),
    changed: showZoom,
  });

  // Films

  function setFilms(sources) {
    parts.leave();
    views.forEach(leave);
    find(".views").replaceChildren();
    find(".fault").hidden = true;
    delete root.dataset.begun;
    [wanted, going, moment, reversing, rangeStart, pending] = [null, null, null, null, null, null];
    [playing, resume] = [false, false];
    views = sources.map((media) => enter(media, sources.length));
    const length = ({ media }) => start(media.frame_count || 0, media.rate);
    main = views.reduce((longest, view) => (length(view) > length(longest) ? view : longest));
    canvas = createCanvas(views[0].element.querySelector(".shapes"), { drawn, left: () => setDrawing(false) });
    root.setAttribute("aria-label", `Video player: ${sources.map((media) => media.label).join(" and ")}`);
    press("saver", saving);
    find('[data-do="saver"]').hidden = !sources.some((media) => media.light);
    find('[data-do="captions"]').hidden = !sources.some((media) => media.captions);
    listenTo(views.at(-1));
    setVolume(Number(find(".volume").value));
    showCaptions();
    zoom.fit();
  }

  function enter(media, of) {
    const element = template.cloneNode(true);
    const video = adoptInto(element, media) ?? element.querySelector("video");
    const captions = createCaptions(video, element.querySelector(".cues"));
    const view = { element, video, media, captions, frame: -1, here: true, called: 0 };
    const listen = element.querySelector(".listen");
    listen.hidden = of === 1;
    listen.textContent = media.label;
    listen.onclick = () => listenTo(view);
    fit(view, media.width, media.height, of);
    video.setAttribute("aria-label", media.label);
    if (media.poster && !video.poster) video.poster = media.poster;
    if (media.captions && !video.querySelector("track")) {
      const track = document.createElement("track");
      const language = media.language || "en";
      video.append(Object.assign(track, { kind: "captions", label: "Captions", srclang: language, src: media.captions }));
    }
    video.onclick = tapped;
    video.onloadedmetadata = () => {
      fit(view, video.videoWidth, video.videoHeight, of);
      timeline.setFilm({ count: count(), rate: rate(), sprite: main.media.sprite });
      go();
      render();
    };
    video.onseeked = () => arrived(view);
    video.onprogress = render;
    video.onwaiting = () => (find(".spinner").hidden = !playing);
    video.onplaying = video.oncanplay = () => (find(".spinner").hidden = true);
    video.onerror = () => fail(view);
    video.onended = () => view === main && end();
    // Something else stopped or started it: another tab's sound, a call, a headset's button.
    video.onpause = () => view === main && playing && video.paused && !video.ended && !view.held && pause();
    video.onplay = () => view === main && !moving() && !video.paused && play();
    listenToFrames(view);
    find(".views").append(element);
    load(view);
    if (video.readyState >= 1) queueMicrotask(video.onloadedmetadata);
    if (video.error) fail(view);
    return view;
  }

  /** Load the rendition that suits the network, unless the video on the page has it already. */
  function load({ video, media }) {
    const address = (saving && media.light) || media.video;
    if (new URL(address, document.baseURI).href !== video.currentSrc) video.src = address;
  }

  /** Change between the full and the light video. Both have the same frames, so the one on screen stays. */
  function saveData() {
    const frame = position();
    pause();
    saving = !saving;
    remember(saving);
    press("saver", saving);
    for (const view of views) if (view.media.light) load(view);
    seek(frame);
    announce(saving ? "Data saver on" : "Data saver off");
  }

  /** Put a video that is on the page already in place of the view's own, so that it is not loaded twice. */
  function adoptInto(element, media) {
    const at = (one) => one.getAttribute("src") ?? one.querySelector("source:last-of-type")?.getAttribute("src");
    const video = adopted.find((one) => at(one) === media.video && one.isConnected);
    if (!video) return null;
    video.removeAttribute("controls");
    element.querySelector("video").replaceWith(video);
    return video;
  }

  /** Say what is wrong with a video: the connection, the browser, or that it is gone. */
  async function fail({ video, media }) {
    const codes = { 2: "network", 3: "decode", 4: "unsupported" };
    let kind = codes[video.error?.code] ?? "network";
    if (kind === "unsupported") {
      const answer = await fetch(media.video, { headers: { Range: "bytes=0-1" } }).catch(() => null);
      kind = !answer ? "network" : answer.ok ? "unsupported" : answer.status < 500 ? "gone" : "network";
    }
    find(".fault p").textContent = FAULTS[kind];
    find(".fault").hidden = false;
  }

  function leave(view) {
    view.here = false;
    view.video.onpause = view.video.onplay = view.video.onerror = null;
    view.video.querySelectorAll("source").forEach((source) => source.remove());
    view.video.removeAttribute("src");
    view.video.load();
  }

  function fit(view, width, height, of) {
    if (!width || !height) return;
    view.element.style.setProperty("--aspect", width / height);
    root.style.setProperty("--shape", (of * width) / height);
    view.element.style.setProperty("--count", of);
    find(".views").classList.toggle("wide", width > height);
  }

  /**
   * Keep ``view.frame`` at the frame on screen. While paused the seek is believed, since engines differ in what their frame
   * callback says of a paused video; while playing, whichever is earlier of the callback and the clock.
   */
  function listenToFrames(view) {
    const { video, media } = view;
    const at = (seconds, slack) => Math.floor((seconds * media.rate[0]) / media.rate[1] + slack);
    const last = () => (media.frame_count ? media.frame_count - 1 : Infinity);
    view.read = () => Math.min(at(video.currentTime, 1e-6), last());
    video.ontimeupdate = () => {
      if (!video.seeking && (video.paused || performance.now() - view.called > SILENT)) onFrame(view, view.read());
    };
    if (!video.requestVideoFrameCallback) return;
    const next = (now, { mediaTime }) => {
      if (!view.here) return;
      video.requestVideoFrameCallback(next);
      if (video.paused || video.seeking) return;
      view.called = performance.now();
      onFrame(view, Math.min(at(mediaTime, 0.25), view.read()));
    };
    video.requestVideoFrameCallback(next);
  }

  function onFrame(view, frame) {
    view.frame = view.element.dataset.frame = frame;
    keepInStep();
    if (view !== main) return;
    if (playing && !view.video.seeking) going = null;
    parts.heard(frame, playing);
    render();
  }

  // Moving

  /** Someone goes elsewhere: the parts that were played are left. */
  function seek(frame, seconds = null) {
    parts.leave();
    goTo(frame, seconds);
  }

  /** Go to a frame, or to a moment in it, in seconds: of two videos at different rates it may show other frames. */
  function goTo(frame, seconds = null) {
    wanted = within(Math.round(frame), 0, count() - 1);
    moment = seconds === null ? null : { frame: wanted, seconds };
    root.dataset.begun = "";
    go();
    render();
  }

  /** Go to the wanted frame, unless a video is still on its way to an earlier wish; its arrival calls again. */
  function go() {
    if (wanted === null) return;
    // A phone that saves power may have loaded nothing yet.
    for (const { video } of views) if (video.readyState < 1 && video.networkState === video.NETWORK_IDLE) video.load();
    if (views.some(({ video }) => video.seeking || video.readyState < 1)) return;
    [going, wanted] = [wanted, null];
    const time = timeOf(going);
    for (const { video } of views) video.currentTime = Math.min(time, video.duration || time);
  }

  const timeOf = (frame) => (moment?.frame === frame ? moment.seconds : middle(frame, rate()));

  function arrived(view) {
    onFrame(view, view.read());
    if (views.some(({ video }) => video.seeking)) return;
    going = null;
    go();
    render();
  }

  function step(frames) {
    pause();
    seek(position() + frames);
  }

  function play() {
    reversing = null;
    if (position() >= count() - 1 || main.video.ended) goTo(0);
    playing = true;
    root.dataset.begun = "";
    const time = start(position(), rate());
    for (const view of views) {
      const { video } = view;
      view.held = false;
      video.playbackRate = pace();
      if (view !== main && time >= video.duration) continue; // over; playing it would begin it again
      video.play().catch(refusedToPlay);
      wake(view);
    }
    render();
  }

  /**
   * WebKit on a busy machine may lose the pace with which it begins, and stands still while it says that it plays. Another
   * pace wakes it.
   */
  function wake(view, last = null) {
    clearTimeout(view.waking);
    const { video } = view;
    if (!playing || !view.here) return;
    const stands = video.currentTime === last && !video.paused && !video.seeking && video.readyState > 2;
    if (stands) video.playbackRate = video.playbackRate === pace() ? pace() * 1.01 : pace();
    const now = video.currentTime;
    view.waking = setTimeout(() => wake(view, now), STANDS);
  }

  /** The browser wants a tap first: the big button asks for it. */
  function refusedToPlay(error) {
    if (error.name !== "NotAllowedError") return;
    pause();
    delete root.dataset.begun;
  }

  /** A click on a video plays or pauses; the second of two enlarges it there, and what the first one did is taken back. */
  function tapped(event) {
    const { clientX: x, clientY: y } = event;
    const at = performance.now();
    const second = tap && at - tap.at < DOUBLE && Math.hypot(x - tap.x, y - tap.y) < NEARBY;
    if (!second) {
      tap = { at, x, y, frame: position(), was: moving() };
      return acts.play();
    }
    const { frame, was } = tap;
    tap = null;
    pause();
    seek(frame);
    if (was) play();
    zoom.toggle(event);
  }

  function showZoom(scale) {
    find(".zoom").hidden = scale === 1;
    find(".percent").textContent = `${Math.round(scale * 100)}%`;
  }

  /** Stop on the frame that is on screen. */
  function pause() {
    if (!moving()) return;
    halt();
    settle();
  }

  function end() {
    if (!playing) return;
    parts.leave();
    halt();
    if (views.length > 1) settle();
    render();
  }

  function settle() {
    for (const { video } of views) video.pause();
    goTo(position());
  }

  function halt() {
    [playing, reversing, shuttle] = [false, null, 1];
    find(".spinner").hidden = true;
  }

  function hold() {
    resume = playing;
    pause();
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
      pause();
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
    for (const { video } of views) video.volume = volume / 100;
    // On an iPhone only its own buttons change it.
    find(".volume").hidden = Math.abs(main.video.volume - volume / 100) > 0.01;
    find(".volume").value = Math.round(main.video.volume * 100);
  }

  function turnVolume(volume) {
    setVolume(within(volume, 0, 100));
    if (find(".volume").hidden) return;
    mute(volume <= 0);
    announce(`Volume ${find(".volume").value}%`);
  }

  function showCaptions() {
    for (const view of views) view.captions.show(captions);
    press("captions", captions);
  }

  function fullscreen() {
    if (root.getRootNode().fullscreenElement) document.exitFullscreen();
    else if (root.requestFullscreen) root.requestFullscreen();
    else main.video.webkitEnterFullscreen?.(); // an iPhone shows a bare video only
  }

  // Comments: the range and the shape that one will be about

  function picked({ id, frame }) {
    pause();
    seek(frame);
    chosen?.(id);
  }

  function range() {
    return rangeStart === null ? null : [Math.min(rangeStart, position()), Math.max(rangeStart, position())];
  }

  function setRange(frame) {
    rangeStart = frame;
    render();
  }

  function setDrawing(on) {
    if (on) {
      pause();
      seek(position());
      announce("Tap a spot or drag a box");
    }
    canvas.setDrawing(on);
    render();
  }

  function drawn(shape) {
    pending = shape && { frame: position(), shape };
    render();
  }

  // A page that has buttons of its own for comments asks by ``acts``, and hears by ``follow`` where the video is.

  const forPage = {
    play: () => acts.play(),
    pause: () => pause(),
    stay: () => step(0),
    go: (frame) => {
      pause();
      seek(frame);
    },
    playParts: (list) => parts.play(list),
    goToTime: (seconds) => {
      pause();
      seek(Math.floor((seconds * rate()[0]) / rate()[1] + 1e-6), seconds);
    },
    timeOf,
    zoomIn: zoom.in,
    zoomOut: zoom.out,
    fit: zoom.fit,
    say: announce,
    beginRange: () => setRange(position()),
    range: () => setRange(rangeStart === null ? position() : null),
    endRange: () => rangeStart !== null && setRange(null),
    draw: () => {
      const on = !canvas.isDrawing();
      if (!on) pending = null;
      setDrawing(on);
    },
    clear: () => {
      pending = null;
      setRange(null);
      setDrawing(false);
    },
  };

  function state(frame, span) {
    const [first, last] = span ?? [frame, frame];
    const drawn = pending && first <= pending.frame && pending.frame <= last;
    return {
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
    timeline.render(frame, buffered.length && duration ? buffered.end(buffered.length - 1) / duration : 0, span);
    const marks = data.markers.filter((m) => m.shape && m.frame <= frame && frame <= (m.end_frame ?? m.frame));
    canvas.show([...marks.map(({ shape }) => shape), ...(pending?.frame === frame ? [pending.shape] : [])]);
    follow?.(state(frame, span));
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
    play: () => (moving() ? pause() : play()),
    back: () => step(-1),
    forward: () => step(1),
    mute: () => mute(!("muted" in root.dataset)),
    captions: () => {
      captions = !captions;
      showCaptions();
      announce(captions ? "Captions on" : "Captions off");
    },
    saver: saveData,
    fullscreen,
    large: () => {
      const on = find('[data-do="large"]').getAttribute("aria-pressed") !== "true";
      press("large", on);
      large(on);
    },
    zoomIn: zoom.in,
    zoomOut: zoom.out,
    fit: zoom.fit,
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
    "+": zoom.in,
    "=": zoom.in,
    "-": zoom.out,
    "−": zoom.out,
    0: zoom.fit,
  };

  root.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Streamlit has keys of its own (R reruns the page); inside the player they are the player's.
    event.stopPropagation();
    const { target, key } = event;
    if (target.matches(".drawing") && canvas.key(event)) return event.preventDefault();
    if (!target.matches("select, input") && zoom.key(event)) return event.preventDefault();
    if (target.matches("select, .volume") && key.length > 1) return;
    if (target.matches("button, select") && key === " ") return;
    const act = moreKeys[key.toLowerCase()] ?? keys[key.toLowerCase()];
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

  if (!root.requestFullscreen) {
    const button = find('[data-do="fullscreen"]');
    button.title = "Full screen, without comments";
    button.setAttribute("aria-label", button.title);
    find('[data-do="large"]').hidden = !large;
  }

  find(".volume").oninput = (event) => turnVolume(Number(event.target.value));
  find(".speed").onchange = () => views.forEach(({ video }) => (video.playbackRate = pace()));

  function update(next) {
    const before = data;
    const changed = (name) => JSON.stringify(next[name]) !== JSON.stringify(before[name]);
    const [films, markers, asks] = ["sources", "markers", "seek"].map(changed);
    data = next;
    if (films) {
      setFilms(next.sources);
      timeline.setFilm({ count: count(), rate: rate(), sprite: main.media.sprite });
    }
    if (markers) {
      pending = null; // what was drawn is a marker now
      timeline.setMarkers(next.markers);
    }
    if (asks && next.seek) {
      pause();
      seek(next.seek[1]);
    }
    if (asks && next.seek && !films) root.scrollIntoView({ block: "nearest", behavior: "smooth" });
    render();
  }

  function destroy() {
    reversing = null;
    views.forEach(leave);
  }

  return { update, destroy, acts: forPage };
}

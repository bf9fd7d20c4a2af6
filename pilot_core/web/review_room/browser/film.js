// The video: the player in place of the browser's own controls, and what was watched of it.

const REPORT_EVERY = 10; // seconds of video between two reports of what was watched

/** Put the player in the place of the page's videos, once its style is here. ``follow(state)`` hears where the video is. */
async function mountPlayer({ follow, keys, picked }) {
  const place = element("film");
  if (!place || !data.player) return null;
  const videos = [...place.querySelectorAll("video")];
  const host = make("div", { className: "host", hidden: true });
  const shadow = host.attachShadow({ mode: "open" });
  const style = make("link", { rel: "stylesheet", href: new URL("./player.css", import.meta.url).href });
  shadow.innerHTML = MARKUP; // the player's own, without anything of this page
  shadow.prepend(style);
  place.append(host);
  await new Promise((resolve) => (style.onload = style.onerror = resolve));
  const root = shadow.querySelector(".player");
  root.classList.add("fills");
  root.querySelector('[data-do="captions"]').title = "Captions";
  const large = (on) => document.body.classList.toggle("large", on);
  const player = createPlayer(root, { adopted: videos, follow, keys, chosen: picked, large });
  player.update({ ...data.player, seek: null });
  host.hidden = false;
  place.classList.remove("pair");
  place.replaceChildren(host);
  document.body.classList.add("scripted");
  return player;
}

/** Notes the seconds that were played, and reports them now and then and when the page is left. */
function createWatching() {
  const watched = new Set();
  let reported = 0;

  function report() {
    if (!data.live || watched.size === reported) return;
    const ranges = [];
    for (const second of [...watched].sort((a, b) => a - b)) {
      if (ranges.length && ranges.at(-1)[1] === second - 1) ranges.at(-1)[1] = second;
      else ranges.push([second, second]);
    }
    // All of it each time: whatever did not arrive goes with the next.
    if (tellServer("/watched", { attempt: data.number, watched: ranges })) reported = watched.size;
  }

  function heard({ playing, second }) {
    if (playing) watched.add(second);
    if (playing ? watched.size >= reported + REPORT_EVERY : watched.size > reported) report();
  }

  window.addEventListener("pagehide", report);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && report());
  return { heard };
}

function tellServer(address, words) {
  return navigator.sendBeacon(address, new Blob([JSON.stringify(words)], { type: "application/json" }));
}

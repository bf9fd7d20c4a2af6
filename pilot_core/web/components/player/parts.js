// Parts: plays only some frames of a video, one part after the other, and stops on the last frame of the last.

/**
 * A part is [first, last], in frames. ``go(frame)`` goes there, ``play()`` and ``pause()`` are the player's, and
 * ``told(place, of)`` hears which part begins.
 */
function createParts({ go, play: start, pause, told }) {
  let parts = [];
  let place = -1;
  let arriving = false; // on the way to the first frame of a part

  function begin(next) {
    [place, arriving] = [next, true];
    go(parts[next][0]);
    told(next, parts.length);
  }

  function play(list) {
    pause();
    parts = list;
    if (!parts.length) return;
    begin(0);
    start();
  }

  function leave() {
    place = -1;
  }

  /** The video shows this frame now. */
  function heard(frame, playing) {
    if (place < 0) return;
    const [first, last] = parts[place];
    if (arriving && (frame < first || frame > last)) return;
    arriving = false;
    if (!playing || frame < last) return;
    if (place + 1 < parts.length) return begin(place + 1);
    leave();
    pause();
    go(last);
  }

  return { play, leave, heard };
}

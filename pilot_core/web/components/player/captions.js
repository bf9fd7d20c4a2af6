// Captions drawn as text over the picture, alike in every browser. Where a browser shows the video alone, as an iPhone does
// in full screen and every browser in a picture of its own, its track shows them.

/** ``cues`` is the element that holds the words; ``show(on)`` turns them on or off. */
function createCaptions(video, cues) {
  let on = true;
  let alone = false;

  function render() {
    for (const track of video.textTracks) {
      track.mode = !on ? "disabled" : alone ? "showing" : "hidden"; // hidden tells of its words without drawing them
      track.oncuechange = render;
    }
    const active = on && !alone ? [...video.textTracks].flatMap((track) => [...(track.activeCues ?? [])]) : [];
    const words = active.map((cue) => cue.getCueAsHTML?.().textContent ?? cue.text).join("\n");
    if (cues.textContent !== words) cues.textContent = words;
  }

  video.textTracks.onaddtrack = render;
  const inItself = (is) => () => {
    alone = is;
    render();
  };

  for (const event of ["webkitbeginfullscreen", "enterpictureinpicture"]) video.addEventListener(event, inItself(true));
  for (const event of ["webkitendfullscreen", "leavepictureinpicture"]) video.addEventListener(event, inItself(false));

  return {
    show(shown) {
      on = shown;
      render();
    },
  };
}

// What changed: plays just the parts of the video that a link or a button names.

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-parts]");
  if (!link || !player || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  player.acts.playParts(JSON.parse(link.dataset.parts));
  element("film").scrollIntoView({ block: "nearest" });
});

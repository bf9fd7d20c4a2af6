// A person's page opens the review by itself, and the room takes its place with the video that was loading meanwhile. What only
// looks at the address, such as a mail program, runs no script or shows nothing, and changes nothing.

const PASS = 50_000; // ms; the video may be asked for a little longer than that

async function open() {
  const form = document.querySelector("form[data-open]");
  if (!form) return;
  if (document.visibilityState !== "visible" || document.prerendering) {
    for (const event of ["visibilitychange", "prerenderingchange"]) document.addEventListener(event, open, { once: true });
    return;
  }
  form.removeAttribute("data-open");
  form.addEventListener("submit", (event) => event.preventDefault()); // it is sent already
  // Answered with the room itself: without a redirect it is here sooner by the way there and back.
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "direct", value: "yes" }));
  const room = await answerTo(form);
  if (room) show(room);
  else form.submit(); // opened twice is opened once; whatever stands in the way is shown
}

/** The room that the server answers with, or null. */
async function answerTo(form) {
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.body.dataset.page === "room" ? page : null;
  } catch {
    return null;
  }
}

function show(room) {
  const body = document.adoptNode(room.body);
  const [loading, place] = [document.querySelector("video"), body.querySelector("#film video")];
  const goesOn = loading && !loading.error && (loading.readyState > 0 || performance.now() < PASS);
  if (goesOn && place && loading.getAttribute("src") === place.getAttribute("src")) {
    for (const { name, value } of place.attributes) if (loading.getAttribute(name) !== value) loading.setAttribute(name, value);
    loading.hidden = false;
    loading.append(...place.childNodes);
    place.replaceWith(loading);
  }
  document.title = room.title;
  document.body.replaceWith(body);
  // A screen reader begins with the new page.
  body.tabIndex = -1;
  body.focus({ preventScroll: true });
  import(body.querySelector('script[type="module"]').src);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", open, { once: true });
else open();

// The room's page: puts the parts together.

const room = document.body.classList.contains("room");
let player = null;
let composer = null;
let news = null;
const watching = createWatching();

/** A page of the server's, taken up in this one. */
function takeUp(page) {
  const text = page.getElementById("data")?.textContent;
  if (!text) return;
  if (page.body.dataset.page !== document.body.dataset.page) return;
  const next = JSON.parse(text);
  if (next.attempt !== data.attempt) return tellOfVersion(next);
  exchange(page);
  renewTokens(page);
  Object.assign(data, { stamp: next.stamp, undo_seconds: next.undo_seconds });
  news?.arrived(next.stamp);
  const markers = next.player?.markers;
  if (player && markers) player.update({ ...next.player, seek: null });
  if (room && composer?.isOpen()) element("bar").hidden = true;
  countDown();
  tellOfUnsent();
  offerSharing();
}

function tellOfVersion(next) {
  if (!data.attempt && !document.querySelector("textarea")) return location.reload();
  const words = drafts.of(data.pilot).length ? ` ${drafts.kept()}` : "";
  const link = make("a", { href: ROOM, className: "button", textContent: `Show version ${next.number}` });
  const notice = make("section", { className: "notice", id: "newer" }, make("p", {}, make("b", {}, `Version ${next.number} is here.`), words), link);
  notice.setAttribute("role", "status");
  element("newer")?.remove();
  element("news").prepend(notice);
  // While a comment is written only the sheet is on screen.
  if (composer?.isOpen()) trouble(formNamed(document, "comment"), `Version ${next.number} is here. ${drafts.kept()} Close this to see it.`);
}

/** What was typed on this device and has no form on the page any more: of an earlier version, say. */
function tellOfUnsent() {
  const place = element("news");
  if (!place || !data.live) return;
  place.querySelectorAll(".unsent").forEach((old) => old.remove());
  const here = new Set([...document.querySelectorAll("[data-draft]")].map((form) => form.dataset.draft));
  const left = new Map([...unsentFiles().map(([name, { number }]) => [name, { text: "", number }]), ...drafts.of(data.pilot)]);
  for (const [name, draft] of left) if (!here.has(name)) place.append(unsent(name, draft, chosen.get(name)));
}

function unsent(name, draft, file) {
  const of = draft.number && draft.number !== data.number ? ` on version ${draft.number}` : "";
  const what = draft.text ? (file ? "words and file" : "words") : "file";
  const section = make("section", { className: "notice unsent" }, make("p", {}, make("b", {}, `Your unsent ${what}${of}:`)), make("p", { className: "words", textContent: draft.text }));
  if (file) section.append(make("p", { className: "file" }, pictureOf(file), make("span", { className: "file-name", textContent: file.name })));
  const row = make("div", { className: "row" });
  const act = (words, work) => row.append(make("button", { type: "button", textContent: words, onclick: work }));
  const leave = () => {
    drafts.forget(name, "discarded");
    forgetFile(name);
    section.remove();
  };
  if (composer) {
    act(`Put ${draft.text ? "them" : "it"} on version ${data.number}`, async () => {
      const form = formNamed(document, "comment");
      if (file && fileOf(form)) return trouble(form, "This comment has a file already. Send it first.");
      if (file) await keepFile(draftOf(form), { name: file.name, blob: file.blob });
      composer.put(draft.text);
      leave();
    });
  }
  if (draft.text) {
    act("Copy", (event) => {
      navigator.clipboard?.writeText(draft.text);
      event.target.textContent = "Copied";
    });
  }
  if (file) row.append(saveLink(file));
  act("Discard", leave);
  section.append(row);
  return section;
}

/** The link has ended: the page says so, and what is unsent can be copied from it. */
function close(page) {
  news?.stop();
  const main = page.querySelector("main");
  const shown = main?.querySelectorAll("textarea").length ?? 0;
  if (!shown) {
    for (const [, { text }] of drafts.of(data.pilot)) {
      const area = make("textarea", { readOnly: true, rows: 5, value: text });
      main?.append(make("section", { className: "notice" }, make("label", {}, "Your unsent words, to copy", area)));
    }
  }
  for (const [, file] of unsentFiles()) {
    main?.append(make("section", { className: "notice" }, make("p", {}, "Your file was not sent."), saveLink(file)));
  }
  document.title = page.title;
  document.body.className = "sheet-page";
  document.body.replaceChildren(main);
}

// Forms

function arrived(page, form) {
  const name = form.dataset.form;
  if (name === "comment") composer?.sent(page);
  else if (areaOf(form)) areaOf(form).value = areaOf(form).dataset.initial ?? "";
  form.closest("details")?.removeAttribute("open");
  takeUp(page);
  if (name === "changes") element("decided")?.scrollIntoView({ block: "start" });
  if (name === "changes") element("decided")?.focus({ preventScroll: true });
  if (name === "undo") element("changes")?.scrollIntoView({ block: "start" });
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-form]");
  if (!form || !element("data")) return;
  event.preventDefault();
  sendForm(form, event.submitter, { arrived, refused: takeUp, closed: close });
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-form]");
  if (!form) return;
  if (form.dataset.form !== "comment") keepForm(form);
  if (element("offline")?.textContent) showOffline(true); // where the words are may have changed
  renderForm(form);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("textarea")) return;
  event.target.form?.requestSubmit?.();
});

// Links and keys

function goTo(link) {
  const [numerator, denominator] = data.player.rate;
  const middle = ((Number(link.dataset.frame) + 0.5) * denominator) / numerator;
  if (data.player.sources.length > 1) player.acts.goToTime(middle);
  else player.acts.go(Number(link.dataset.frame));
  element("film").scrollIntoView({ block: "nearest" });
}

const links = {
  compose: () => composer?.open(),
  changes: () => {
    element("changes")?.scrollIntoView({ block: "start" });
    element("changes")?.focus({ preventScroll: true });
  },
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.metaKey || event.ctrlKey) return;
  const act = link.dataset.do ?? (link.getAttribute("href") === "#comment" ? "compose" : null);
  if (link.dataset.frame && player) {
    event.preventDefault();
    goTo(link);
  } else if (act && (act !== "compose" || composer)) {
    event.preventDefault();
    links[act]?.();
  }
});

const keys = createKeys({
  comment: () => composer?.write(),
  rangeIn: () => {
    if (!composer) return;
    player.acts.beginRange();
    player.acts.say("Range: press O where it ends");
  },
  rangeOut: () => {
    if (!composer?.endRange()) player?.acts.say("Press I where the range begins");
  },
  reply: (thread) => {
    const details = thread?.querySelector('details[id^="reply-"]');
    if (!details) return;
    details.open = true;
    areaOf(details).focus();
  },
  zoomIn: () => player?.acts.zoomIn(),
  zoomOut: () => player?.acts.zoomOut(),
  fit: () => player?.acts.fit(),
});

/** A marker on the timeline was chosen: its comment comes into view. */
function picked(id) {
  element(id)?.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

// How long a decision can still be undone

let ticking = 0;

function countDown() {
  clearInterval(ticking);
  const end = performance.now() + (data.undo_seconds ?? 0) * 1000;
  const tick = () => {
    const line = document.querySelector("[data-countdown]");
    if (!line) return clearInterval(ticking);
    const left = Math.ceil((end - performance.now()) / 1000);
    line.textContent = `You can undo this for ${Math.floor(Math.max(0, left) / 60)}:${String(Math.max(0, left) % 60).padStart(2, "0")} more.`;
    if (left > -1) return;
    clearInterval(ticking);
    news?.fetchPage();
  };
  tick();
  ticking = setInterval(tick, 1000);
}

/** A phone's keyboard covers the page on some browsers; the page is then as high as what can be seen. */
function fitToKeyboard() {
  const seen = window.visualViewport;
  if (!seen || !room) return;
  const fit = () => {
    const covered = seen.scale < 1.05 && window.innerHeight - seen.height > 60;
    const style = document.documentElement.style;
    if (covered) style.setProperty("--height", `${seen.height}px`);
    else style.removeProperty("--height");
    document.querySelector(".page")?.style.setProperty("transform", covered ? `translateY(${seen.offsetTop}px)` : "none");
  };
  seen.addEventListener("resize", fit);
  seen.addEventListener("scroll", fit);
}

async function begin() {
  tidyAddress();
  offerBrowser();
  offerSharing();
  const brought = bringFilesBack();
  formsIn(document).forEach(restoreForm);
  fitToKeyboard();
  countDown();
  if (data.live) news = createNews({ changed: takeUp, closed: close });
  if (data.live && data.attempt) tellServer("/review/opened", { attempt: data.number });
  player = await mountPlayer({
    keys,
    picked,
    follow: (state) => {
      if (data.live) watching.heard(state);
      composer?.heard(state);
    },
  });
  await brought;
  if (player && formNamed(document, "comment")) {
    composer = createComposer(player.acts, { inline: !room });
    if (!room) composer.open();
    composer.resume();
  }
  tellOfUnsent();
}

begin();

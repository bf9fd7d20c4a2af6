// Files: one with a comment, a reply or a decision. Like words, a file is kept on this device until it has arrived. What belongs
// to a form is kept by the name of its draft, since forms are exchanged when there is news.

const MOST_BYTES = 10_000_000;
const LONGEST_NOTE = 180; // seconds
const STALLED = 45_000; // ms without a byte sent until it is said not to have arrived
const CHECKED = 120_000; // ms in which the server answers once it has all of it
const VOICE_TYPES = ["audio/mp4", "audio/webm;codecs=opus", "audio/webm", "audio/ogg;codecs=opus"];
const ICONS = {
  clip: "M16.5 6.5v9.8a4.5 4.5 0 0 1-9 0V5.8a3 3 0 0 1 6 0v9.9a1.5 1.5 0 0 1-3 0V6.5",
  microphone: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3M6 11a6 6 0 0 0 12 0M12 17v4M9 21h6",
};

const chosen = new Map(); // name of a draft → {name, blob, pilot, number, isKept, address}
const recordings = new Map(); // name of a draft → {recorder, began, stopped}
const sending = new Map(); // name of a draft → what part of it is sent

// Private windows may keep nothing; then a file lasts as long as the page.
const shelf = {
  open() {
    return (this.opened ??= new Promise((resolve, reject) => {
      const asked = indexedDB.open("pilot-ops", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("files");
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    }));
  },
  async act(mode, work) {
    const base = await this.open();
    return new Promise((resolve, reject) => {
      const acting = base.transaction("files", mode);
      const asked = work(acting.objectStore("files"));
      acting.oncomplete = () => resolve(asked.result);
      acting.onerror = acting.onabort = () => reject(acting.error);
    });
  },
};

const draftOf = (form) => form.dataset.draft;
const fileOf = (form) => chosen.get(draftOf(form));
const isVoice = (file) => file.blob.type.startsWith("audio/");
const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const sizeOf = (bytes) => (bytes < 999_500 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** Every file of this pilot that was not sent, as [name of its draft, file]. */
const unsentFiles = () => [...chosen].filter(([, file]) => file.pilot === data.pilot);

async function keepFile(name, file) {
  forgetFile(name);
  Object.assign(file, { pilot: data.pilot, number: data.number, address: URL.createObjectURL(file.blob) });
  chosen.set(name, file);
  try {
    // As bytes: not every browser keeps a blob.
    const bytes = await file.blob.arrayBuffer();
    const { pilot, number } = file;
    await shelf.act("readwrite", (files) => files.put({ name: file.name, type: file.blob.type, bytes, pilot, number }, name));
    file.isKept = true;
  } catch {
    file.isKept = false;
  }
  formsIn(document).forEach(showFile);
}

function forgetFile(name) {
  const file = chosen.get(name);
  if (!file) return;
  URL.revokeObjectURL(file.address);
  chosen.delete(name);
  shelf.act("readwrite", (files) => files.delete(name)).catch(() => {});
  formsIn(document).forEach(showFile);
}

/** Bring back what was chosen before the page was left. */
async function bringFilesBack() {
  try {
    const [names, found] = await Promise.all([
      shelf.act("readonly", (files) => files.getAllKeys()),
      shelf.act("readonly", (files) => files.getAll()),
    ]);
    names.forEach((name, place) => {
      const { bytes, type, ...file } = found[place];
      if (file.pilot !== data.pilot || chosen.has(name)) return;
      const blob = new Blob([bytes], { type });
      chosen.set(name, { ...file, blob, isKept: true, address: URL.createObjectURL(blob) });
    });
  } catch {
    // nothing was kept
  }
  for (const form of formsIn(document)) {
    showFile(form);
    if (fileOf(form)) form.closest("details")?.setAttribute("open", "");
  }
}

// The form's own part

function icon(path, words, name) {
  const button = make("button", { type: "button", className: "icon", name, title: words });
  button.setAttribute("aria-label", words);
  button.innerHTML = `<svg viewBox="0 0 24 24" width="22" height="22" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${path}"/></svg>`;
  return button;
}

/** Put the buttons in place of the fields that work without a script. */
function dressAttach(form) {
  const place = form.querySelector(".attach");
  if (!place || place.dataset.dressed) return place;
  place.dataset.dressed = "yes";
  const file = make("input", { type: "file", hidden: true, accept: "image/jpeg,image/png,image/webp,application/pdf" });
  const recording = make("input", { type: "file", hidden: true, accept: "audio/*" });
  recording.setAttribute("capture", "");
  for (const input of [file, recording]) input.onchange = () => input.files[0] && choose(form, input.files[0], input);
  place.replaceChildren(make("div", { className: "file" }), file, recording);
  const clip = icon(ICONS.clip, "Add a picture or PDF", "add-file");
  const microphone = icon(ICONS.microphone, "Record a voice note", "record");
  clip.onclick = () => file.click();
  microphone.onclick = () => record(form, recording);
  form.querySelector(".row:last-child").prepend(clip, microphone);
  return place;
}

/** Show what is attached, what is recorded, or nothing. */
function showFile(form) {
  const place = dressAttach(form)?.querySelector(".file");
  if (!place) return;
  const [name, file] = [draftOf(form), fileOf(form)];
  const recording = recordings.get(name);
  const state = `${recording ? "recording" : ""} ${file?.address ?? ""} ${sending.has(name)}`;
  form.querySelector('[name="add-file"]').hidden = form.querySelector('[name="record"]').hidden = Boolean(file || recording);
  const area = areaOf(form);
  if (area) area.required = !file && !recording && !form.elements.level;
  if (place.dataset.state === state) return tick(form);
  place.dataset.state = state;
  place.replaceChildren();
  if (recording) {
    place.append(make("span", { className: "recording" }), make("span", { className: "grow" }), act("Stop recording", "stop-recording", () => stopRecording(form)));
  } else if (file) {
    place.append(pictureOf(file));
    if (!isVoice(file)) place.append(make("span", { className: "grow file-name" }, file.name, " ", make("span", { className: "quiet size", textContent: sizeOf(file.blob.size) })));
    if (sending.has(name)) place.append(make("progress", { max: 1 }), make("span", { className: "quiet sent-part" }));
    else place.append(act("Remove", "remove-file", () => removeFile(form)));
  }
  tick(form);
}

function act(words, name, work) {
  return make("button", { type: "button", className: "small", name, textContent: words, onclick: work });
}

function pictureOf(file) {
  if (isVoice(file)) {
    const player = make("audio", { controls: true, src: file.address });
    player.setAttribute("aria-label", "Your voice note");
    return player;
  }
  return file.blob.type.startsWith("image/") ? make("img", { src: file.address, alt: "", height: 44 }) : "";
}

function tick(form) {
  const name = draftOf(form);
  const [line, part, bar] = [".recording", ".sent-part", "progress"].map((found) => form.querySelector(`.attach ${found}`));
  const recording = recordings.get(name);
  if (line && recording) line.textContent = `Recording ${minutes((performance.now() - recording.began) / 1000)} of ${minutes(LONGEST_NOTE)}`;
  const done = sending.get(name) ?? 0;
  if (part) part.textContent = done < 1 ? `Sending ${Math.floor(done * 100)}%` : "Checking the file";
  if (bar) bar.value = done;
}

/** The words' draft remembers which frame the file is about. */
function noteChange(form) {
  areaOf(form)?.dispatchEvent(new Event("input", { bubbles: true }));
}

async function choose(form, blob, input) {
  if (input) input.value = "";
  if (!blob.size) return trouble(form, "The file is empty. Choose another one.");
  if (blob.size > MOST_BYTES) {
    return trouble(form, `The file has ${(blob.size / 1e6).toFixed(1)} MB, and at most 10 MB can be sent. Make it smaller.`);
  }
  trouble(form, "");
  await keepFile(draftOf(form), { name: blob.name, blob });
  noteChange(form);
}

function removeFile(form) {
  forgetFile(draftOf(form));
  noteChange(form);
  form.querySelector('[name="add-file"]').focus({ preventScroll: true });
}

// Voice notes

/** In the tap itself: a browser asks for the microphone only then. */
async function record(form, fallback) {
  const type = window.MediaRecorder && navigator.mediaDevices?.getUserMedia && VOICE_TYPES.find((each) => MediaRecorder.isTypeSupported(each));
  if (!type) return fallback.click();
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    trouble(form, "The microphone cannot be used. Allow it in the browser’s settings, or choose a recording.");
    const place = form.querySelector(".attach .file");
    return place.replaceChildren(act("Choose a recording", "choose-recording", () => fallback.click()));
  }
  trouble(form, "");
  player?.acts.stay();
  const recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: 64_000 });
  const pieces = [];
  const name = draftOf(form);
  const stopped = new Promise((resolve) => {
    recorder.ondataavailable = (event) => event.data.size && pieces.push(event.data);
    recorder.onstop = async () => {
      stream.getTracks().forEach((track) => track.stop());
      clearInterval(recording.ticking);
      recordings.delete(name);
      const blob = new Blob(pieces, { type: type.split(";")[0] });
      if (blob.size) await keepFile(name, { name: `Voice note.${blob.type === "audio/mp4" ? "m4a" : blob.type.split("/")[1]}`, blob });
      const now = [...formsIn(document)].find((each) => draftOf(each) === name);
      if (now) {
        showFile(now);
        noteChange(now);
      }
      resolve();
    };
  });
  const stop = () => recorder.state !== "inactive" && recorder.stop();
  const recording = { recorder, stop, stopped, began: performance.now() };
  stream.getAudioTracks()[0].onended = stop; // a call came in, or the microphone was taken out
  recordings.set(name, recording);
  recording.ticking = setInterval(() => {
    if (performance.now() - recording.began >= LONGEST_NOTE * 1000) stop();
    formsIn(document).forEach(tick);
  }, 250);
  recorder.start(1000); // in pieces, so that little is lost when the page is
  showFile(form);
  form.querySelector('[name="stop-recording"]').focus({ preventScroll: true });
}

async function stopRecording(form) {
  const recording = recordings.get(draftOf(form));
  recording?.stop();
  await recording?.stopped;
}

window.addEventListener("pagehide", () => recordings.forEach(({ stop }) => stop()));

/** Exchange what a place holds; a voice note that is playing there goes on. */
function keepPlaying(place, exchangeIt) {
  const playing = [...place.querySelectorAll("audio")].filter((audio) => !audio.paused);
  exchangeIt();
  for (const audio of playing) place.querySelector(`audio[src="${audio.getAttribute("src")}"]`)?.replaceWith(audio);
}

// Sending

/** Send a form with its file; the answer is like that of ``fetch``. Throws when it did not arrive. */
function sendWithFile(form, body, file) {
  const name = draftOf(form);
  const sent = new FormData();
  for (const [key, value] of body) sent.append(key, value);
  sent.append("file", file.blob, file.name); // last, so that the words are there when the file breaks off
  const show = (part) => {
    sending.set(name, part);
    formsIn(document).forEach(showFile);
  };
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let patience = 0;
    const wait = (time) => {
      clearTimeout(patience);
      patience = setTimeout(() => request.abort(), time);
    };
    const end = (settle) => {
      clearTimeout(patience);
      sending.delete(name);
      formsIn(document).forEach(showFile);
      settle();
    };
    request.upload.onprogress = ({ loaded, total }) => {
      show(loaded / total);
      wait(loaded < total ? STALLED : CHECKED);
    };
    request.onload = () => end(() => resolve({ ok: request.status < 400, status: request.status, text: async () => request.responseText }));
    request.onerror = request.onabort = () => end(() => reject(new Error("it did not arrive")));
    request.open("POST", form.action);
    show(0);
    wait(STALLED);
    request.send(sent);
  });
}

/** Where a file is that was not sent, in one sentence. */
const whereKept = (file) => `Your file is kept ${file.isKept ? "on this device" : "while this page stays open"}. `;

/** A link that saves a file which cannot be sent any more. */
const saveLink = (file) => make("a", { href: file.address, download: file.name, className: "button", textContent: `Save ${file.name}` });

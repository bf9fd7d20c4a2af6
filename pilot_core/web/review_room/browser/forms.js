// Forms: what is typed is kept, what is sent goes without leaving the page, and the page's answer takes its place.

const PATIENCE = 15_000; // ms until what was sent and not answered is said not to have arrived

const data = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);
const formsIn = (root) => root.querySelectorAll("form[data-form]");
const areaOf = (form) => form.querySelector("textarea");
const formNamed = (root, name) => [...formsIn(root)].find((form) => form.dataset.form === name);

/** Make an element with properties and children; text is text. */
function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function trouble(form, sentence) {
  const fault = form.querySelector(".fault");
  if (!fault) return;
  fault.textContent = sentence;
  fault.hidden = !sentence;
}

/** What was not done, where the words are if the form has some, and what to do. */
function notDone(form, what, then) {
  trouble(form, [what, form.dataset.draft && drafts.kept(), then].filter(Boolean).join(" "));
}

function longestOf(area) {
  return area.dataset.longest === "notes" ? data.notes_length : data.comment_length;
}

/** The counter below a text, its height, and whether it can be sent. */
function renderForm(form) {
  const area = areaOf(form);
  const counter = form.querySelector(".counter");
  if (!area || !counter) return;
  const [length, longest] = [[...area.value.trim()].length, longestOf(area)];
  const over = length - longest;
  counter.textContent = over > 0 ? `${over.toLocaleString("en")} too many` : length ? `${length.toLocaleString("en")} of ${longest.toLocaleString("en")}` : "";
  counter.classList.toggle("over", over > 0);
  const button = form.querySelector(".primary");
  button.disabled = over > 0 || form.hasAttribute("data-waiting");
  button.toggleAttribute("data-waiting", form.hasAttribute("data-waiting"));
  area.style.height = "auto";
  if (area.scrollHeight) area.style.height = `${area.scrollHeight + 2}px`;
}

/** Keep what a form holds, or forget it when it is as it was. */
function keepForm(form, more = {}) {
  const name = form.dataset.draft;
  if (!name) return;
  const area = areaOf(form);
  const text = area.value;
  const flags = [...form.querySelectorAll('[name="flags"]:checked')].map((box) => box.value);
  const level = form.querySelector('[name="level"]:checked')?.value;
  const same = !fileOf(form) && text === (area.dataset.initial ?? "") && !flags.length && (!level || level === "minor_changes");
  const key = form.elements.key.value;
  if (same) drafts.forget(name, key);
  else drafts.write(name, { text, flags, level, pilot: data.pilot, number: data.number, ...more }, key);
}

/** Put what was typed before into a form that has just come to the page. */
function restoreForm(form) {
  const name = form.dataset.draft;
  const draft = name && drafts.read(name);
  if (form.hasAttribute("data-undone")) keepForm(form);
  else if (draft?.pilot === data.pilot) {
    if (draft.text) areaOf(form).value = draft.text;
    for (const box of form.querySelectorAll('[name="flags"]')) box.checked = draft.flags?.includes(box.value) ?? false;
    for (const radio of form.querySelectorAll('[name="level"]')) radio.checked = radio.value === (draft.level ?? "minor_changes");
    if (draft.text || fileOf(form)) form.closest("details")?.setAttribute("open", "");
  }
  showFile(form);
  renderForm(form);
}

/** The form's fields, with the button that sent it. */
function bodyOf(form, submitter) {
  const fields = new FormData(form);
  fields.delete("file"); // it is sent apart
  const body = new URLSearchParams(fields);
  if (submitter?.name) body.append(submitter.name, submitter.value);
  return body;
}

/** Forms that were drawn before the server began anew get tokens that it knows; their keys stay. */
function renewTokens(page) {
  for (const form of formsIn(document)) {
    const fresh = formNamed(page, form.dataset.form);
    if (fresh?.elements.token) form.elements.token.value = fresh.elements.token.value;
  }
}

/**
 * Send a form. ``arrived(page, form)`` gets the page that answered; ``closed(page)`` when the link has ended meanwhile. The
 * form keeps its key until it has arrived, so that what is sent twice is done once.
 */
async function sendForm(form, submitter, { arrived, refused, closed }) {
  if (form.hasAttribute("data-waiting")) return;
  form.setAttribute("data-waiting", "");
  await stopRecording(form);
  const file = fileOf(form);
  const body = bodyOf(form, submitter);
  if (form.dataset.draft) {
    body.append("draft", form.dataset.draft);
    body.append("turn", nextTurn());
  }
  trouble(form, "");
  renderForm(form);
  const done = () => {
    form.removeAttribute("data-waiting");
    renderForm(form);
  };
  let answer;
  let page;
  try {
    const signal = AbortSignal.timeout?.(PATIENCE);
    answer = await (file ? sendWithFile(form, body, file) : fetch(form.action, { method: "POST", body, signal }));
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    done();
    if (areaOf(form)) notDone(form, "Not sent yet.", `${file ? whereKept(file) : ""}Send again when you are online.`);
    else trouble(form, "Not sent. Press it again when you are online.");
    areaOf(form)?.focus({ preventScroll: true });
    return showOffline(true);
  }
  done();
  showOffline(false);
  if (answer.ok) {
    if (form.dataset.draft) drafts.forget(form.dataset.draft);
    if (file) forgetFile(form.dataset.draft);
    return arrived(page, form);
  }
  if (page.querySelector("body.sheet-page") && answer.status === 403) return closed(page);
  renewTokens(page);
  const sentence = formNamed(page, form.dataset.form)?.querySelector(".fault:not([hidden])") ?? page.querySelector('[role="alert"]:not([hidden]) p');
  if (sentence?.textContent) trouble(form, sentence.textContent);
  else notDone(form, "The server did not answer.", "Try again in a minute.");
  refused(page);
}

function showOffline(is) {
  const line = element("offline");
  const words = is ? `Offline. ${drafts.kept()}`.trim() : "";
  if (line && line.textContent !== words) line.textContent = words;
}

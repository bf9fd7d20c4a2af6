// What someone is typing, kept until it has arrived: on their own device, and on the server, since browsers forget what a page
// stored after a week without a visit, or store nothing. The files named in assets.py are joined into one module, this first.

import { MARKUP, createPlayer } from "./player.js";

const PREFIX = "pilot-ops ";
const SAVE_AFTER = 1_500; // ms after the last key

const memory = new Map();
const waiting = new Map(); // what is to be saved on the server, by name: {form, key, turn, words}
const saved = new Map(); // the turn that the server has, by name
let isLocal = true; // whether this browser stores anything
let saving = 0;
let lastTurn = 0;

const drafts = {
  read(name) {
    let own = null;
    try {
      own = JSON.parse(localStorage.getItem(PREFIX + name));
    } catch {
      isLocal = false;
    }
    return own ?? memory.get(name) ?? data.unsent?.[name] ?? null;
  },
  /** ``key`` is the one with which the form will be sent: once it was, a save that arrives late brings nothing back. */
  write(name, draft, key) {
    memory.set(name, draft);
    try {
      localStorage.setItem(PREFIX + name, JSON.stringify(draft));
      isLocal = true;
    } catch {
      isLocal = false;
    }
    saveSoon(name, key, draft);
  },
  /** ``key`` is given where the words were discarded, and left out where they were sent, which erases them on the server. */
  forget(name, key = null) {
    const known = memory.delete(name) || waiting.has(name) || saved.has(name) || Boolean(data.unsent?.[name]);
    waiting.delete(name);
    if (data.unsent) delete data.unsent[name];
    try {
      localStorage.removeItem(PREFIX + name);
    } catch {
      isLocal = false;
    }
    if (key && known) saveSoon(name, key, null);
    else saved.delete(name);
  },
  /** Every draft of a pilot as [name, draft]. */
  of(pilot) {
    const names = new Set([...memory.keys(), ...Object.keys(data.unsent ?? {})]);
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) names.add(key.slice(PREFIX.length));
    } catch {
      isLocal = false;
    }
    return [...names].map((name) => [name, drafts.read(name)]).filter(([, draft]) => draft?.pilot === pilot && draft.text);
  },
  /** Where the words are, in one sentence. */
  kept() {
    if (isLocal) return "Your words are kept on this device.";
    if (!memory.size) return "";
    const unsaved = [...memory.keys()].some((name) => waiting.has(name) || !saved.has(name));
    return unsaved ? "Your words are kept while this page stays open." : "Your words are kept on the server.";
  },
};

const nextTurn = () => (lastTurn = Math.max(Date.now(), lastTurn + 1));

function saveSoon(name, key, words) {
  waiting.set(name, { form: name, key, turn: nextTurn(), words });
  clearTimeout(saving);
  saving = setTimeout(saveNow, SAVE_AFTER);
}

async function saveNow() {
  for (const [name, one] of [...waiting]) {
    const body = JSON.stringify(one);
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/review/unsent", { method: "POST", body, headers }).catch(() => null);
    if (!answer) return; // offline: with the next key, or when the page is left
    if (waiting.get(name) === one) waiting.delete(name);
    if (answer.ok) saved.set(name, one.turn);
    else saved.delete(name);
  }
}

/** The page is put away, perhaps for good: what waits goes at once. */
function saveLeaving() {
  for (const [name, one] of [...waiting]) if (tellServer("/review/unsent", one)) waiting.delete(name);
}

document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && saveLeaving());
window.addEventListener("pagehide", saveLeaving);
window.addEventListener("online", () => waiting.size && saveNow());

try {
  localStorage.setItem(PREFIX, "");
  localStorage.removeItem(PREFIX);
} catch {
  isLocal = false;
}

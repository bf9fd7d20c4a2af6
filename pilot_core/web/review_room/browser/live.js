// News: the page's parts are exchanged when something has changed, what is being typed is not.

const POLL_EVERY = 20_000; // ms, where events do not come
const SPREAD = 400; // ms over which everyone with the room open asks for it after news, so that not all ask at once
const LOST_AFTER = 5_000; // ms without a stream until it is called offline

const ROOM = "/review";
const KEY = /(name="(?:key|token)" value=")[^"]*/g;
const keyless = (node) => node.innerHTML.replace(KEY, "$1");

const FOCUSABLE = "a[href], button, input, select, textarea, summary";

/** Finds, after an exchange, what is in the place of an element: by its id, its form and name, or its turn in what has an id. */
function placeOf(focused) {
  const [form, name] = [focused.closest("form")?.dataset.form, focused.name];
  const holder = focused.closest("[id]");
  const turn = holder && [...holder.querySelectorAll(FOCUSABLE)].indexOf(focused);
  return () => {
    const again = holder && element(holder.id);
    if (holder === focused) return again;
    const named = name && form && formNamed(document, form)?.elements[name];
    return named?.focus ? named : again?.querySelectorAll(FOCUSABLE)[turn];
  };
}

/** Exchange what differs. What is open stays open, what is typed is there again, the focus stays where it was. */
function exchange(page) {
  const focused = document.activeElement;
  const place = placeOf(focused);
  const selection = focused?.matches?.("textarea") ? [focused.selectionStart, focused.selectionEnd] : null;
  for (const old of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(old.id);
    if (!fresh) {
      old.replaceChildren();
      continue;
    }
    if (keyless(fresh) === keyless(old)) continue;
    const open = [...old.querySelectorAll("details[open]")].map((details) => details.id);
    keepPlaying(old, () => old.replaceChildren(...document.adoptNode(fresh).childNodes));
    for (const details of old.querySelectorAll("details")) if (open.includes(details.id)) details.open = true;
    formsIn(old).forEach(restoreForm);
  }
  if (!focused.isConnected) {
    const again = place();
    again?.focus?.({ preventScroll: true });
    if (selection) again?.setSelectionRange?.(...selection);
  }
}

/** Asks for the page again whenever its stamp has changed; ``changed(page)`` gets it, ``closed(page)`` when the link ended. */
function createNews({ changed, closed }) {
  let stamp = data.stamp;
  let stream = null;
  let poll = 0;
  let lost = 0;
  let asking = 0;

  async function fetchPage() {
    try {
      const answer = await fetch(ROOM, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.status === 403) return closed(page);
      if (!answer.ok) return;
      showOffline(false);
      changed(page);
    } catch {
      showOffline(true);
    }
  }

  function heard(next) {
    if (!next || next === stamp) return;
    stamp = next;
    clearTimeout(asking);
    asking = setTimeout(fetchPage, Math.random() * SPREAD);
  }

  async function look() {
    try {
      const answer = await fetch("/review/stamp");
      if (answer.status === 404) return fetchPage();
      heard((await answer.json()).stamp);
      showOffline(false);
    } catch {
      showOffline(true);
    }
  }

  function start() {
    stop();
    if (!window.EventSource) return startPolling();
    stream = new EventSource(`/review/events?seen=${encodeURIComponent(stamp)}`);
    stream.onmessage = (event) => heard(event.data);
    stream.onopen = () => {
      clearTimeout(lost);
      showOffline(false);
    };
    stream.onerror = () => {
      clearTimeout(lost);
      lost = setTimeout(() => showOffline(true), LOST_AFTER);
      if (stream?.readyState === EventSource.CLOSED) {
        look();
        startPolling();
      }
    };
  }

  function startPolling() {
    clearInterval(poll);
    poll = setInterval(look, POLL_EVERY);
  }

  function stop() {
    stream?.close();
    stream = null;
    clearInterval(poll);
    clearTimeout(lost);
  }

  function comeBack() {
    look();
    start();
  }

  /** A page that was put away whole and is shown again: its forms are old too. */
  function wakeUp(event) {
    if (!event.persisted) return;
    fetchPage();
    start();
  }

  document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? stop() : comeBack()));
  window.addEventListener("pageshow", wakeUp);
  window.addEventListener("pagehide", stop);
  window.addEventListener("offline", () => showOffline(true));
  window.addEventListener("online", comeBack);
  start();
  return { fetchPage, arrived: (next) => (stamp = next), stop };
}

// Data saver: whether the light video is loaded. A choice of the viewer goes before what the browser knows of its network;
// a browser that knows nothing is taken to save data on a small screen.

const SAVER = "pilot-ops-data-saver";
const ENOUGH = 3; // Mbit/s at which the full video plays without waiting

function savesData() {
  const chosen = remembered();
  if (chosen !== null) return chosen === "on";
  const network = navigator.connection;
  if (!network) return matchMedia("(max-width: 40rem)").matches;
  return network.saveData || /2g|3g/.test(network.effectiveType) || (network.downlink > 0 && network.downlink < ENOUGH);
}

function remembered() {
  try {
    return localStorage.getItem(SAVER);
  } catch {
    return null; // the browser keeps nothing
  }
}

function remember(saving) {
  try {
    localStorage.setItem(SAVER, saving ? "on" : "off");
  } catch {
    // The choice lasts as long as the page.
  }
}

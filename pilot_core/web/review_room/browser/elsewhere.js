// The browsers inside other apps, such as a messenger's. They share no cookies with the phone's own browser, and some cannot
// download or record.

const APPS = [
  [/WhatsApp/i, "WhatsApp"],
  [/Slack/i, "Slack"],
  [/FBAN|FBAV|FB_IAB/i, "Facebook"],
  [/Instagram/i, "Instagram"],
  [/LinkedInApp/i, "LinkedIn"],
  [/Teams\//i, "Teams"],
  [/\bLine\//i, "Line"],
  [/MicroMessenger/i, "WeChat"],
  [/GSA\//i, "Google’s app"],
  [/; wv\)/i, "this app"],
];

/** The app whose browser this is, or null. An iPhone's app that says nothing of itself lacks Safari's name. */
function appAround(agent = navigator.userAgent) {
  const named = APPS.find(([pattern]) => pattern.test(agent));
  if (named) return named[1];
  return /iPhone|iPad|iPod/.test(agent) && /AppleWebKit/.test(agent) && !/Safari\//.test(agent) ? "this app" : null;
}

/** Inside an app the link stays in the address, so that the app's “Open in browser” opens it there. */
function tidyAddress() {
  if (location.pathname.startsWith("/r/") && !appAround()) history.replaceState(null, "", ROOM);
}

function offerBrowser() {
  const app = appAround();
  const place = document.querySelector("footer");
  if (!app || !place) return;
  const linked = location.pathname.startsWith("/r/");
  const how = linked
    ? "To do either, choose “Open in browser” in its menu."
    : "To do either, open the link you were sent in your phone’s own browser.";
  place.before(make("p", { id: "elsewhere", className: "notice", textContent: `In ${app} you may be unable to download or to record. ${how}` }));
}

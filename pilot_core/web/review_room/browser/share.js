// Where a phone can hand a file to another app, a download can be shared too.

function offerSharing() {
  const sample = new File([""], "a.json", { type: "application/json" });
  if (!navigator.canShare?.({ files: [sample] })) return;
  for (const link of document.querySelectorAll("a[download]:not([data-shared])")) {
    link.dataset.shared = "";
    const button = make("button", { type: "button", className: "small", textContent: "Share" });
    button.onclick = () => share(link).catch(() => link.click());
    link.after(" ", button);
  }
}

async function share(link) {
  const answer = await fetch(link.href);
  if (!answer.ok) throw new Error("it cannot be fetched");
  const data = await answer.blob();
  const named = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "");
  const files = [new File([data], named?.[1] ?? "download", { type: data.type })];
  await navigator.share({ files }).catch((error) => {
    if (error.name !== "AbortError") throw error; // closed again: nothing to do
  });
}

// Sends a film, or a file of a brand kit, to the server as it is read from the disk; what is chosen is told to the page as an id.

const fields = new WeakMap();
const LOST = "The connection was lost and the file has not arrived. Choose it once more.";

export default function (component) {
  const { parentElement } = component;
  const root = parentElement.querySelector(".field");
  if (!fields.has(root)) fields.set(root, createField(root));
  fields.get(root)(component);
}

function createField(root) {
  const find = (selector) => root.querySelector(selector);
  const input = find("input");
  let latest;
  let request;

  find(".choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => input.files.length && send(input.files[0]));
  find(".drop").addEventListener("dragover", (event) => {
    event.preventDefault();
    find(".drop").classList.add("over");
  });
  find(".drop").addEventListener("dragleave", () => find(".drop").classList.remove("over"));
  find(".drop").addEventListener("drop", (event) => {
    event.preventDefault();
    find(".drop").classList.remove("over");
    if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
  });
  find(".away").addEventListener("click", () => {
    request?.abort();
    request = undefined;
    latest.setStateValue("upload", null);
    show(false);
  });

  function send(file) {
    problem("");
    if (file.size > latest.data.limit) return problem(`${latest.data.what} is larger than ${megabytes(latest.data.limit)}; export it smaller.`);
    show(true);
    find(".name").textContent = file.name;
    find("progress").hidden = false;
    find("progress").value = 0;
    find(".told").textContent = `0 of ${megabytes(file.size)}`;
    find(".away").textContent = "Cancel";
    const sending = (request = new XMLHttpRequest());
    sending.upload.addEventListener("progress", ({ loaded }) => {
      find("progress").value = loaded / file.size;
      find(".told").textContent =
        loaded < file.size ? `${megabytes(loaded)} of ${megabytes(file.size)}` : latest.data.checking;
    });
    sending.addEventListener("load", () => arrived(sending, file));
    sending.addEventListener("error", () => failed(LOST));
    sending.open("POST", latest.data.address);
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.setRequestHeader("X-Upload-Ticket", latest.data.ticket);
    sending.send(file);
  }

  function arrived(sending, file) {
    if (request !== sending) return;
    const answer = read(sending.responseText);
    if (sending.status !== 201) return failed(answer.problem ?? LOST);
    find("progress").hidden = true;
    find(".told").textContent = [`${megabytes(file.size)}, ready`, answer.note].filter(Boolean).join(". ");
    find(".away").textContent = "Remove";
    latest.setStateValue("upload", { id: answer.upload, name: file.name.slice(0, 200) });
  }

  function failed(sentence) {
    show(false);
    problem(sentence);
  }

  function show(sending) {
    find(".drop").hidden = sending;
    find(".sending").hidden = !sending;
    input.value = "";
  }

  function problem(sentence) {
    find(".problem").textContent = sentence;
    find(".problem").hidden = !sentence;
  }

  return (component) => {
    latest = component;
    find(".label").textContent = component.data.label;
    find(".note").textContent = component.data.note;
    find(".choose").textContent = component.data.choose;
    input.accept = component.data.accept;
  };
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function megabytes(bytes) {
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;
}

// Words that have arrived are forgotten here, also those whose text area has left the page with their arrival.

const forgotten = new Set();

export default function ({ data }) {
  for (const [name, id] of Object.entries(data.arrived)) {
    if (!forgotten.has(id)) kept.forget(name);
    forgotten.add(id);
  }
}

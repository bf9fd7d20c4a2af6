// Streamlit's side of the player: it calls this whenever the data change; what it returns is called when the player leaves
// the page.

const players = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".player");
  if (!players.has(root)) players.set(root, createPlayer(root));
  const player = players.get(root);
  player.update(data);
  return () => {
    player.destroy();
    players.delete(root);
  };
}

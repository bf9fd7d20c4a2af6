"""Commands for sign-in keys: invite, list, revoke."""

import argparse

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pilot_core.cli.arguments import open_store
from pilot_core.formatting import count, day
from pilot_core.services import keys
from pilot_core.settings import Settings


def invite(arguments: argparse.Namespace, config: Settings) -> int:
    """Create a sign-in link and print it."""
    store = open_store(arguments, config, make=True)
    key, token = keys.invite(store, arguments.invite, arguments.role or "lead", store.acting(None))
    print(f"{config.address}/sign-in/{token}")
    print(
        f"Send this link to {key.name} ({key.role}). It works once, to {day(key.expires_at)}, and is not shown again. "
        f"To end it: --revoke-key {key.key_id}"
    )
    if config.url is None:
        print("It opens on this machine only; set PILOT_OPS_URL to the address others reach, and invite again.")
    return 0


def list_keys(arguments: argparse.Namespace, config: Settings) -> int:
    """List all keys, including used, expired and revoked ones."""
    store = open_store(arguments, config, make=True)
    found = keys.keys_of(store)
    if not found:
        print("No sign-in keys yet. Make one with --invite NAME.")
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Key", "Name", "Role", "State", "Until"):
        table.add_column(heading, no_wrap=heading != "Name")
    now = store.clock()
    for key in found:
        cells = (key.key_id, key.name, key.role, key.state(now).value, day(key.ended_at or key.expires_at))
        table.add_row(*(Text(cell) for cell in cells))
    Console(highlight=False).print(table)
    return 0


def revoke_key(arguments: argparse.Namespace, config: Settings) -> int:
    """Revoke all keys of a name, or the key with an id."""
    store = open_store(arguments, config, make=True)
    ended = keys.revoke_key(store, arguments.revoke_key, store.acting(None))
    names = ", ".join(sorted({key.name for key in ended}))
    print(f"Ended {count(len(ended), 'key')} of {names}. Whoever was signed in with it is out at the next click.")
    return 0

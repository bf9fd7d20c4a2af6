"""The diagnostics page: the state of the store, its backups, renders and messages."""

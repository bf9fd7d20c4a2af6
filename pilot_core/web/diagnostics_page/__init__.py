"""The diagnostics page: how the store, its backups and its renders are, in sentences."""

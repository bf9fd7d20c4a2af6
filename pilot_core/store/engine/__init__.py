"""Connections, transactions and migrations on DuckDB and PostgreSQL."""

"""One module for each family of tables: rows to domain objects and back.

Functions take the connection of a session or transaction that the caller opened, never a database.
"""

"""Erase a pilot, or a person's data, on request: rows, files and events. Counts that identify nobody are kept.

The database is changed first, then the files are removed. Until then the erasure's row names the pilot, so that the
next start or repair can finish the work. The database file is rewritten last, because deleted rows leave their bytes in
it. Backups made before an erasure still contain the erased data until they are replaced.
"""

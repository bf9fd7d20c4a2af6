"""Checks, repairs, backups and moves of a store.

``check`` finds inconsistencies between the database and its files, and ``repair`` fixes them. ``backup`` and
``restore`` write and read one zip file. ``nightly`` makes a backup each night. ``move`` copies a store to the other
engine.
"""

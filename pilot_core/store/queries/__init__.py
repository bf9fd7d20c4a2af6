"""SQL that answers a question, such as a list, the overview or the metrics page.

Public functions take a database and read in a session of their own. ``deadlines``, ``headlines``, ``inbox``,
``measures`` and ``series`` are parts of a larger reading, all from one state of the store, and ``backups`` asks a copy:
their functions take the connection of that reading. ``tests/test_house.py`` names each with its reason.
"""

"""Nothing lost: what a store and its folder must agree on, mended after a crash; backups, and bringing them back.

``check`` looks, ``repair`` mends, ``backup`` and ``restore`` carry a store away and back, ``nightly`` does so.
"""

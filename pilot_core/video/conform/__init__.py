"""Conform a delivered video: decide whether it plays everywhere as it is, and otherwise make one that does.

One judge for every way in: what cannot be read to its end is refused here, in the same sentence, whether it came by the
upload page, the command, a program or the storyboard.
"""

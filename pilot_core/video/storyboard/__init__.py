"""The storyboard: plans, draws and encodes an animatic.

Only ``pipeline`` loads the encoder and the synthesiser, so a storyboard can be planned without them.
"""

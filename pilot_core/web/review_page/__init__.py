"""The founder's review room: one attempt at a time, on a phone as often as not."""

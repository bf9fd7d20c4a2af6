"""The store's files: folder layout, state files, and videos and documents in a folder or a bucket."""

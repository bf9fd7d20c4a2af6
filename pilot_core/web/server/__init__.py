"""The server: entry script, lifespan, startup checks, request log, background work."""

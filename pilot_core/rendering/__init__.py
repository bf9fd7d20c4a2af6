"""Render attempts: begin one, render it, recover from crashes, leave it to workers."""

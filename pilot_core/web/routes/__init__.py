"""Addresses that are not pages: media, downloads, uploads, sign-in, messages."""

"""A fast SMPP client, for measuring."""

"""Durable storage: the promises in ``base``, one module per backend."""

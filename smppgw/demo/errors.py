"""The demo's own failure."""


class DemoError(Exception):
    """The demo cannot go on; the text says why."""

"""smppgw: an SMPP gateway to HTTP carriers that loses nothing, sends nothing twice and invents no receipt."""

__version__ = "0.1.0"

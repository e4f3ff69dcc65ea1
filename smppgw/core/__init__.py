"""What the gateway is about. Pure: no I/O, no clock, no log."""

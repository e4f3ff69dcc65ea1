"""An SMPP 3.4 server library. Standard library only; no I/O but in aio."""

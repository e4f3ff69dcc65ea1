"""Clock, logs, metrics, systemd: what every daemon has. Knows nothing of SMS."""

"""A small configuration with a store, for commands that only read."""

CONFIGURATION = """
[smpp]
listen = "127.0.0.1:2775"
[store]
url = "sqlite:store.db"
[[accounts]]
system_id = "legacy"
password = "hunter2"
[carriers.loop]
type = "loopback"
[[routes]]
name = "default"
carriers = ["loop"]
"""

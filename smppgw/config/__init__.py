"""TOML to frozen models; every fault reported at once."""

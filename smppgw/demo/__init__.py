"""What ``smppgw demo`` does."""

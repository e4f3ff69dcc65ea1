"""The duties of the daemon, one asyncio worker each."""

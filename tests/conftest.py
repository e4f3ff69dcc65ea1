"""What holds for every test."""

from hypothesis import settings

# A first example imports tables, and a busy machine stands still now and then: neither is a fault.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

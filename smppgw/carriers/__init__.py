"""One adapter per HTTP provider. How to add one: ``ADDING.md``."""

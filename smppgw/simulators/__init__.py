"""Carriers on loopback, with scripted faults."""

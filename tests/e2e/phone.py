"""The phone that a simulated carrier sends to, for tests that say what becomes of a message while it is on its way."""

from smppgw.simulators.retarus import lifecycle
from smppgw.simulators.retarus.lifecycle import Way


class Phone:
    """The phone behind every number; the simulated carrier looks at it whenever it is asked for a status."""

    ON, OFF, SILENT = lifecycle.way_of("4915112345201"), lifecycle.way_of("4915112340003"), Way(end=None)

    def __init__(self) -> None:
        self.is_now = self.SILENT

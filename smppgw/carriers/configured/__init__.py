"""A carrier by configuration: any provider that takes messages over HTTP, described in the file, without Python.

``docs/HTTP_CARRIER.md`` tells operators how; ``conf/carriers/`` has two examples.
"""

from smppgw.carriers.configured.adapter import HttpCarrier
from smppgw.carriers.configured.config import HttpCarrierConfig

__all__ = ["HttpCarrier", "HttpCarrierConfig"]

"""The last word of a carrier about messages: the bill, then whoever may still take another way, then the ends."""

import sqlite3
from collections.abc import Sequence

from smppgw.core.model import Stage
from smppgw.store.base import Reported
from smppgw.store.sqlite import ledger
from smppgw.store.sqlite.finishing import End, finish
from smppgw.store.sqlite.passing_on import pass_on
from smppgw.store.sqlite.queues import Queues


def conclude(
    db: sqlite3.Connection, queues: Queues, ends: Sequence[End], stages: frozenset[Stage], now_ms: int
) -> Reported:
    """Store what follows; each of the ends names the attempt that it is about, and changes nothing of a later one.

    Of several about one message the first holds, for its bill and its way as for its end.
    """
    first = list({end.message: end for end in reversed(ends)}.values())
    return Reported(
        corrected=tuple(ledger.settle(db, first)),
        passed_on=tuple(pass_on(db, queues, first, now_ms)),
        finished=tuple(finish(db, first, stages, now_ms)),
    )

"""Once a day: what a carrier counts for the day before, beside what our ledger has; it only tells.

The two may differ honestly by what was taken around midnight: the carrier files a message when it comes, the ledger
when its answer is stored. A difference that stays is money: messages sent twice or from elsewhere, or parts counted
otherwise.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import structlog

from smppgw.carriers.base import Reconciles
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.store.base import Store, StoreError
from smppgw.workers.bell import Bell

_log = structlog.get_logger()

FROM_HOUR: Final = 6
"""By then, on the clock of the carrier's days, the day before has been counted."""
LOOK_S: Final = 900.0
"""Between two looks whether it is time, and between two tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One day of one carrier, in billed parts."""

    day: date
    ours: int
    theirs: int


class Reconciler:
    """Compares the days of one carrier."""

    def __init__(self, *, name: str, carrier: Reconciles, store: Store, clock: Clock, metrics: Metrics) -> None:
        self._name = name
        self._carrier = carrier
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._compared: date | None = None
        """The last day that was compared; a restart compares it once more."""
        self._stopping = False
        self.bell = Bell()

    def stop(self) -> None:
        """Compare nothing more."""
        self._stopping = True
        self.bell.ring()

    async def run(self) -> None:
        """Compare each day once, until stopped."""
        while not self._stopping:
            await self.turn()
            await self.bell.wait(LOOK_S)

    async def turn(self) -> None:
        """Compare the day before, if it is time and that was not done yet."""
        here = datetime.fromtimestamp(self._clock.wall(), self._carrier.billing_zone)
        day = here.date() - timedelta(days=1)
        if here.hour < FROM_HOUR or day == self._compared:
            return
        try:
            if await self.reconcile(day) is not None:
                self._compared = day
        except StoreError as fault:
            _log.error("ledger not read, tried again", carrier=self._name, reason=str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug that one answer meets; tried again
            _log.error("day not compared", carrier=self._name, day=str(day), exc_info=fault)

    async def reconcile(self, day: date) -> Reconciliation | None:
        """Compare a day, and tell; None when the carrier cannot be asked now.

        Raises:
            StoreError: The ledger cannot be read.
        """
        theirs = await self._carrier.billed_parts(day)
        if theirs is None:
            _log.warning("the carrier tells no statistics, tried again", carrier=self._name, day=str(day))
            return None
        ours = await self._store.billed_parts(
            self._name, since=self._midnight(day), until=self._midnight(day + timedelta(days=1))
        )
        self._metrics.reconciled(self._name, ours=ours, theirs=theirs)
        tell = _log.info if ours == theirs else _log.warning
        tell("day compared", carrier=self._name, day=str(day), ours=ours, theirs=theirs, difference=ours - theirs)
        return Reconciliation(day=day, ours=ours, theirs=theirs)

    def _midnight(self, day: date) -> float:
        return datetime.combine(day, time(), self._carrier.billing_zone).timestamp()

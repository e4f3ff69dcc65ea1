"""What the gateway itself knows of its carriers: implements ``core.routing.market.Market``.

Lives as long as the process; a reload changes the prices only. After a restart it is told the newest endings that the
store still has, and takes the volumes of the month over from the ledger.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from smppgw.carriers.base import Carrier
from smppgw.core.model import Message, Outcome, TrafficClass
from smppgw.core.quality import Quality, is_delivery
from smppgw.core.routing.market import Standing
from smppgw.core.volumes import Volumes, begin_of_month, end_of_month
from smppgw.ops.clock import Clock
from smppgw.store.base import Correction, Finish, Store
from smppgw.workers.pricing import Prices

_FRESH_S: Final = 1.0
_DOWN_FRESH_S: Final = 0.1
_BY_CLASS_FRESH_S: Final = 5.0
_RECIPIENTS: Final = 200_000
"""Recipients whose last carrier is remembered."""


class LiveMarket:
    """Prices, records, circuits and volumes of the carriers of one daemon."""

    def __init__(
        self,
        carriers: Mapping[str, Carrier],
        prices: Prices,
        who_is_down: Callable[[], Collection[str]],
        clock: Clock,
    ) -> None:
        """Know nothing yet but the prices.

        Args:
            carriers: By name.
            prices: The rate cards.
            who_is_down: Names the carriers that take nothing at the moment.
            clock: Time.
        """
        self.prices = prices
        """Replaced by a reload."""
        self.quality = Quality()
        self._carriers = carriers
        self.checks = {name: one.check for name, one in carriers.items()}
        """See ``Market``."""
        self._who_is_down = who_is_down
        self._down: Collection[str] = ()
        self._down_at = float("-inf")
        self._standings: dict[tuple[str, TrafficClass], tuple[float, Mapping[str, Standing]]] = {}
        self._by_class: Mapping[tuple[str, TrafficClass], Standing] = {}
        self._by_class_at = float("-inf")
        self._clock = clock
        self._volumes = Volumes()
        self._delivered: OrderedDict[tuple[str, str], str] = OrderedDict()

    # --- Market -------------------------------------------------------------------------------------------------------

    def part_prices(self, message: Message, at: float) -> Mapping[str, int]:
        """See ``Market``."""
        return self.prices.list.part_prices(
            message.recipient, message.country, message.traffic_class, at, self._volumes
        )

    def standings(self, message: Message, at: float) -> Mapping[str, Standing]:
        """See ``Market``; a second old at most."""
        key = (message.country, message.traffic_class)
        since, known = self._standings.get(key, (0.0, {}))
        if not 0 <= at - since < _FRESH_S:
            known = self.quality.standings(*key, at)
            self._standings[key] = (at, known)
        return known

    def down(self) -> Collection[str]:
        """See ``Market``; a tenth of a second old at most."""
        now = self._clock.monotonic()
        if not 0 <= now - self._down_at < _DOWN_FRESH_S:
            self._down, self._down_at = self._who_is_down(), now
        return self._down

    def parts_this_month(self) -> Mapping[str, int]:
        """See ``Market``."""
        return self._volumes.all_taken(self._clock.wall())

    def delivered_last(self, account: str, recipient: str) -> str | None:
        """See ``Market``."""
        return self._delivered.get((account, recipient))

    def by_class(self) -> Mapping[tuple[str, TrafficClass], Standing]:
        """How carriers have done lately with each class, over all countries; a few seconds old at most."""
        now = self._clock.wall()
        if not 0 <= now - self._by_class_at < _BY_CLASS_FRESH_S:
            self._by_class, self._by_class_at = self.quality.by_class(now), now
        return self._by_class

    def taken_this_month(self, carrier: str) -> int:
        """How many parts a carrier has taken since the month began, UTC."""
        return self._volumes.taken(carrier, self._clock.wall())

    # --- what is learned ----------------------------------------------------------------------------------------------

    def accepted(self, carrier: str, parts: int) -> None:
        """A carrier has taken so many parts."""
        self._volumes.add(carrier, parts, self._clock.wall())

    def corrected(self, correction: Correction) -> None:
        """A carrier bills other parts than it took; what was booked in another month is no part of this one."""
        now = self._clock.wall()
        if begin_of_month(correction.booked_at) == begin_of_month(now):
            self._volumes.add(correction.carrier, correction.parts, now)

    async def count(self, store: Store) -> None:
        """Take over what the ledger has of this month, before anything is taken.

        Raises:
            StoreError: It cannot be read.
        """
        now = self._clock.wall()
        span = {"since": begin_of_month(now), "until": end_of_month(now)}
        self._volumes.restore({name: await store.billed_parts(name, **span) for name in self._carriers}, now)

    def finished(self, finishes: Iterable[Finish]) -> None:
        """Messages have ended."""
        for finish in finishes:
            if not finish.carrier or finish.sent_at is None:
                continue
            delivered = is_delivery(finish.outcome, finish.error)
            if delivered is not None:
                self.quality.record(
                    finish.carrier,
                    finish.country,
                    finish.traffic_class,
                    delivered=delivered,
                    latency_s=max(finish.done_at - finish.sent_at, 0.0),
                    at=finish.done_at,
                )
            if finish.outcome is Outcome.DELIVERED:
                self._remember_recipient((finish.account, finish.recipient), finish.carrier)

    def _remember_recipient(self, key: tuple[str, str], carrier: str) -> None:
        self._delivered[key] = carrier
        self._delivered.move_to_end(key)
        if len(self._delivered) > _RECIPIENTS:
            self._delivered.popitem(last=False)

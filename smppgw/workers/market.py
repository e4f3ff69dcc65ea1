"""What the gateway itself knows of its carriers: implements ``core.routing.market.Market``.

Lives as long as the process; a reload changes the prices only. After a restart it is told the newest endings that the
store still has.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from smppgw.carriers.base import Carrier
from smppgw.core.model import Message, Outcome, TrafficClass
from smppgw.core.quality import Quality, is_delivery
from smppgw.core.routing.market import Standing
from smppgw.core.volumes import Volumes
from smppgw.ops.clock import Clock
from smppgw.store.base import Finish
from smppgw.workers.pricing import Prices

_FRESH_S: Final = 1.0
_DOWN_FRESH_S: Final = 0.1
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
        self._who_is_down = who_is_down
        self._down: Collection[str] = ()
        self._down_at = float("-inf")
        self._standings: dict[tuple[str, TrafficClass], tuple[float, Mapping[str, Standing]]] = {}
        self._clock = clock
        self._volumes = Volumes()
        self._delivered: OrderedDict[tuple[str, str], str] = OrderedDict()

    # --- Market -------------------------------------------------------------------------------------------------------

    def refusal(self, carrier: str, message: Message) -> str | None:
        """See ``Market``."""
        refused = self._carriers[carrier].check(message)
        return None if refused is None else refused.reason

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

    def parts_this_month(self, carrier: str) -> int:
        """See ``Market``."""
        return self._volumes.taken(carrier, self._clock.wall())

    def delivered_last(self, account: str, recipient: str) -> str | None:
        """See ``Market``."""
        return self._delivered.get((account, recipient))

    # --- what is learned ----------------------------------------------------------------------------------------------

    def accepted(self, carrier: str, parts: int) -> None:
        """A carrier has taken so many parts."""
        self._volumes.add(carrier, parts, self._clock.wall())

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

"""What dispatching and resolving share: turn verdicts into dispositions with their price, store them, count them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from smppgw.core.disposition import Disposition, Finished, Requeued, Taken
from smppgw.core.model import BatchId, Message, MessageId
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.store.base import Lease, Reported, Store
from smppgw.workers.pace import store_while_leased
from smppgw.workers.pricing import Prices


class Settlement:
    """Stores what came of a call, and tells everybody concerned."""

    def __init__(
        self,
        *,
        carrier: str,
        store: Store,
        prices: Prices,
        clock: Clock,
        metrics: Metrics,
        on_reported: Callable[[Reported], None],
        on_taken: Callable[[str, int], None],
        parts_this_month: Callable[[str], int],
        on_owed: Callable[[str], None],
    ) -> None:
        """Nothing happens until the first call.

        Args:
            carrier: Its name.
            store: Where dispositions go.
            prices: The rate cards.
            clock: Time.
            metrics: Counts.
            on_reported: Told what ended; and what was corrected and passed on, where a push came before the answer.
            on_taken: Told how many parts of a message the carrier has taken.
            parts_this_month: Says how many parts a carrier has taken before; decides on the tier of the price.
            on_owed: Told the accounts that are owed something that is no receipt.
        """
        self._carrier = carrier
        self._store = store
        self.prices = prices
        """Replaced by a reload."""
        self._clock = clock
        self._metrics = metrics
        self._on_reported = on_reported
        self._on_taken = on_taken
        self._parts_this_month = parts_this_month
        self._parts_under_way = 0
        """Priced, and not stored yet: other calls are settled meanwhile."""
        self._on_owed = on_owed

    async def settle(
        self,
        batch: BatchId,
        messages: Sequence[Message],
        dispositions: Mapping[MessageId, Disposition],
        *,
        lease: Lease,
        due_at: float | None,
    ) -> bool:
        """Store dispositions with their costs; False when the lease was lost and nothing was changed."""
        now = self._clock.wall()
        priced = self._priced(messages, dispositions, now)
        parts = sum(each.parts for each in priced.values() if isinstance(each, Taken))
        self._parts_under_way += parts
        try:
            settled = await store_while_leased(
                lambda: self._store.settle(batch, priced, lease=lease, now=self._clock.wall(), due_at=due_at),
                until=lease.until,
                clock=self._clock,
            )
        finally:
            self._parts_under_way -= parts
        if settled.lost:
            return False
        self._on_reported(settled)
        for account in settled.notified:
            self._on_owed(account)
        for message in messages:
            disposition = priced[message.id]
            if isinstance(disposition, Taken) and message.id in settled.booked:
                self._metrics.accepted(message.account, self._carrier, disposition.parts)
                self._on_taken(self._carrier, disposition.parts)
                if disposition.cost is not None:
                    micros = disposition.cost.reporting_micros
                    self._metrics.cost(message.account, self._carrier, micros)
                    self._metrics.priced(self._carrier, message.traffic_class.name.lower(), micros / disposition.parts)
        return True

    async def put_back(self, dispositions: Mapping[MessageId, Requeued | Finished], *, lease: Lease) -> None:
        """Store what becomes of leased messages that no call was begun for; what the lease lost is left alone."""
        finished = await store_while_leased(
            lambda: self._store.put_back(dispositions, lease=lease, now=self._clock.wall()),
            until=lease.until,
            clock=self._clock,
        )
        self._on_reported(Reported(finished=tuple(finished)))

    def _priced(
        self, messages: Sequence[Message], dispositions: Mapping[MessageId, Disposition], now: float
    ) -> dict[MessageId, Disposition]:
        """Give what was taken its price, in the order of the messages: each one counts for the tier of the next."""
        priced: dict[MessageId, Disposition] = {}
        taken = self._parts_this_month(self._carrier) + self._parts_under_way
        for message in messages:
            disposition = dispositions[message.id]
            if isinstance(disposition, Taken):
                cost = self.prices.of(
                    self._carrier,
                    message.recipient,
                    message.country,
                    message.traffic_class,
                    disposition.parts,
                    now,
                    taken,
                )
                taken += disposition.parts
                if cost is not None:
                    disposition = replace(disposition, cost=cost)
            priced[message.id] = disposition
        return priced

"""Kept pushes -> what they say -> final states, costs, inbound texts; and the push is gone, in the same transaction.

The carrier was answered when its push was kept, so everything here may take its time and may be done again. Rules:

* A report is matched by the store. What ends by it, or is proven to have been taken, is booked at today's price.
* An inbound text goes to the account that owns its number. While nobody does, the push is tried again now and then for
  a day, because somebody may soon be configured to. The word that opts its sender out is stored with it, and heeded
  from then on; the account gets the text all the same.
* What cannot be read is kept as it came for a day, for whoever wants to look, then dropped. Nothing of it is logged.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from smppgw.carriers.base import Pushes
from smppgw.core.billing import billed
from smppgw.core.inbound import Owners
from smppgw.core.model import Cost, Message, MessageId
from smppgw.core.optout import Optouts, Wish
from smppgw.core.verdict import Inbound, PushContents, PushedReport
from smppgw.ops.clock import Clock
from smppgw.ops.masks import mask_msisdn
from smppgw.ops.metrics import Metrics
from smppgw.store.base import InboundText, Lease, Push, PushEffects, Reported, Store, StoreError
from smppgw.workers.bell import Bell
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.pricing import Prices
from smppgw.workers.translate import write_inbound

_log = structlog.get_logger()

LEASE_S: Final = 60.0
IDLE_S: Final = 1.0
AT_ONCE: Final = 32
"""Pushes that share the commits."""
KEPT_S: Final = 86400.0
"""How long what could not be delivered or read is kept."""
AGAIN_S: Final = 600.0
"""Between two tries to deliver a text that nobody owns."""

Booking = tuple[Message, int, Cost | None]
"""A message that a report proves taken, its billed parts, and what they cost."""


@dataclass(slots=True)
class _Sorted:
    """The contents of one push, ready for the store."""

    reports: Sequence[PushedReport]
    unreadable: int
    texts: dict[str, tuple[InboundText, Inbound]] = field(default_factory=dict)
    """By key: as it is stored, and as it came."""
    unowned: list[Inbound] = field(default_factory=list)


class Pushed:
    """Does what pushes of all carriers say."""

    def __init__(
        self,
        *,
        carriers: Mapping[str, Pushes],
        store: Store,
        policies: Mapping[str, AccountPolicy],
        prices: Prices,
        optouts: Optouts,
        clock: Clock,
        metrics: Metrics,
        on_reported: Callable[[Reported], None],
        on_taken: Callable[[str, int], None],
        parts_this_month: Callable[[str], int],
        on_inbound: Callable[[str, Inbound], None],
    ) -> None:
        """Nothing happens before ``run``.

        Args:
            carriers: Those that push, by name.
            store: Has the pushes.
            policies: Of the accounts, by system_id; they say who owns which number.
            prices: The rate cards.
            optouts: Told who opts out, and in again, when it is stored.
            clock: Time.
            metrics: Counts.
            on_reported: Told what ended, was corrected and was passed on.
            on_taken: Told of each message that a push proves taken: the carrier and its billed parts.
            parts_this_month: Says how many parts a carrier has taken before; decides on the tier of the price.
            on_inbound: Told of each new text and the account that gets it, when it is stored.
        """
        self._carriers = carriers
        self._store = store
        self._optouts = optouts
        self._clock = clock
        self._metrics = metrics
        self._on_reported = on_reported
        self._on_taken = on_taken
        self._parts_this_month = parts_this_month
        self._on_inbound = on_inbound
        self._stopping = False
        self.bell = Bell()
        """Rung when a push was kept."""
        self.reload(policies, prices)

    def reload(self, policies: Mapping[str, AccountPolicy], prices: Prices) -> None:
        """Go by other accounts and rate cards from now on."""
        self._policies = policies
        self._owners = Owners({name: policy.inbound for name, policy in policies.items()})
        self._prices = prices

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping = True
        self.bell.ring()

    async def run(self) -> None:
        """Work until stopped."""
        while not self._stopping:
            try:
                if not await self.turn():
                    await self.bell.wait(IDLE_S)
            except StoreError as fault:
                _log.error("pushes not leased", reason=str(fault))
                await self.bell.wait(IDLE_S)

    async def turn(self) -> bool:
        """Do what some pushes say; False where none was due."""
        now = self._clock.wall()
        lease, pushes = await self._store.lease_pushes(AT_ONCE, until=now + LEASE_S, now=now)
        # They start in their order, and the store keeps it.
        await asyncio.gather(*(self._take_safely(push, lease) for push in pushes))
        return bool(pushes)

    async def _take_safely(self, push: Push, lease: Lease) -> None:
        try:
            await self._take(push, lease)
        except StoreError as fault:
            _log.error("push not settled, tried again", carrier=push.carrier, reason=str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug that one push meets; it must not come again for ever
            _log.error("push failed, put aside", carrier=push.carrier, octets=len(push.body), exc_info=fault)
            await self._put_aside(push, lease)

    async def _put_aside(self, push: Push, lease: Lease) -> None:
        try:
            await self._settle(push, _Sorted((), 0), {}, _kept_until(push), lease)
        except StoreError as fault:
            _log.error("push not put aside", carrier=push.carrier, reason=str(fault))

    async def _take(self, push: Push, lease: Lease) -> None:
        now = self._clock.wall()
        if push.tries and now >= _kept_until(push):
            await self._settle(push, _Sorted((), 0), {}, None, lease)
            return
        found = self._sort(push, now)
        bookings = await self._price(push.carrier, found.reports, now)
        effects = await self._settle(push, found, bookings, self._again_at(push, found, now), lease)
        if effects is not None:
            self._tell(push, found, bookings, effects)

    # --- what it says -------------------------------------------------------------------------------------------------

    def _sort(self, push: Push, now: float) -> _Sorted:
        contents = self._read(push)
        found = _Sorted(contents.reports, contents.unreadable)
        for inbound in contents.inbound:
            policy = self._policies.get(self._owners.of(inbound.destination) or "")
            if policy is None:
                found.unowned.append(inbound)
            elif text := write_inbound(inbound, policy, now):
                found.texts.setdefault(inbound.key, (text, inbound))
            else:
                found.unreadable += 1
        return found

    def _read(self, push: Push) -> PushContents:
        carrier = self._carriers.get(push.carrier)
        if carrier is None:  # the configuration has lost it since
            return PushContents(unreadable=1)
        contents = carrier.read_push(push.body, push.content_type)
        return replace(contents, reports=tuple(billed(each, carrier.billed_on) for each in contents.reports))

    def _again_at(self, push: Push, found: _Sorted, now: float) -> float | None:
        """Say when a push is to be tried again; None: it is done with."""
        until = _kept_until(push)
        if now >= until or not (found.unowned or found.unreadable):
            return None
        return min(now + AGAIN_S, until) if found.unowned else until

    # --- what it changes ----------------------------------------------------------------------------------------------

    async def _price(self, carrier: str, reports: Sequence[PushedReport], now: float) -> dict[MessageId, Booking]:
        if not reports:
            return {}
        bookings: dict[MessageId, Booking] = {}
        taken = self._parts_this_month(carrier)
        for report, message in zip(reports, await self._store.unbooked(carrier, reports), strict=True):
            if message is not None and message.id not in bookings:
                parts = report.parts or message.parts
                cost = self._prices.of(
                    carrier, message.recipient, message.country, message.traffic_class, parts, now, taken
                )
                taken += parts
                bookings[message.id] = (message, parts, cost)
        return bookings

    async def _settle(
        self, push: Push, found: _Sorted, bookings: Mapping[MessageId, Booking], again_at: float | None, lease: Lease
    ) -> PushEffects | None:
        return await self._store.settle_push(
            push,
            found.reports,
            {number: cost for number, (_, _, cost) in bookings.items() if cost is not None},
            [text for text, _ in found.texts.values()],
            again_at=again_at,
            lease=lease,
            now=self._clock.wall(),
        )

    def _tell(self, push: Push, found: _Sorted, bookings: Mapping[MessageId, Booking], effects: PushEffects) -> None:
        self._on_reported(effects)
        for message, parts, cost in (bookings[number] for number in effects.booked & bookings.keys()):
            self._metrics.accepted(message.account, push.carrier, parts)
            self._on_taken(push.carrier, parts)
            if cost is not None:
                self._metrics.cost(message.account, push.carrier, cost.reporting_micros)
                part_micros = cost.reporting_micros / parts
                self._metrics.priced(push.carrier, message.traffic_class.name.lower(), part_micros)
        for key, (text, inbound) in found.texts.items():
            if key in effects.delivered:
                self._metrics.inbound(text.account, push.carrier)
                if text.wish is not None:
                    self._heed(text.account, text.wish)
                self._on_inbound(text.account, inbound)
        for one in effects.contradictions:
            _log.warning(
                "a carrier reports another end, the first one stands",
                carrier=push.carrier,
                message=one.message,
                stands=one.stands.name.lower(),
                reported=one.reported.name.lower(),
            )
        if effects.orphans:
            _log.info("pushed reports of unknown messages wait", carrier=push.carrier, reports=effects.orphans)
        if not push.tries:
            self._complain(push, found)

    def _heed(self, account: str, wish: Wish) -> None:
        self._optouts.note(account, wish)
        _log.info("opt-out", account=account, recipient=mask_msisdn(wish.recipient), consent=wish.consent.value)

    def _complain(self, push: Push, found: _Sorted) -> None:
        """Tell once what could not be done with a push."""
        if found.unreadable:
            self._metrics.push(push.carrier, "unreadable")
            _log.warning(
                "push not understood, kept for a day",
                carrier=push.carrier,
                rows=found.unreadable,
                octets=len(push.body),
            )
        for destination, texts in Counter(inbound.destination for inbound in found.unowned).items():
            self._metrics.inbound("", push.carrier, texts)
            _log.warning(
                "inbound texts for a number that nobody owns, kept for a day",
                carrier=push.carrier,
                destination=_shown(destination),
                texts=texts,
            )


def _kept_until(push: Push) -> float:
    return push.received_at + KEPT_S


def _shown(destination: str) -> str:
    """Show a code, which is nobody's secret; shorten a number."""
    return mask_msisdn(destination) if destination.startswith("+") else destination

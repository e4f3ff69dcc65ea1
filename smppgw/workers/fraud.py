"""What an account may not write to: countries that it does not name, and numbers that look like pumping.

Asked for every message, at once and from memory; accounts that ask for neither cost a look into a dict. What a message
will cost is taken to be the price of the first carrier of its decision. Blocks are stored, so that an attack does not
go on because the daemon was started again; how far each limit is used up, and which numbers were close, is forgotten
then. A block holds while the rules hold that it was made by: an operator who changes ``[accounts.pumping]`` lifts all
blocks of that account, by a reload as by a restart.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import structlog

from smppgw.core.model import Decision, Message
from smppgw.core.pumping import Block, Pumping, Suspicion
from smppgw.core.screening import Kind
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.smpp.consts import CommandStatus
from smppgw.store.base import Store, StoreError
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.translate import Refusal

_log = structlog.get_logger()

_SHOWN: Final = 50

PartPrices: TypeAlias = Callable[[Message, float], Mapping[str, int]]
"""What one part costs with each carrier, in millionths of the reporting currency (`core.routing.market`)."""


class Fraud:
    """Refuses what costs its account money for somebody else's gain."""

    def __init__(
        self,
        policies: Mapping[str, AccountPolicy],
        *,
        part_prices: PartPrices,
        store: Store,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """Nothing is blocked yet.

        Args:
            policies: Of the accounts.
            part_prices: Knows what messages cost.
            store: Keeps the blocks.
            clock: Time.
            metrics: Counts.
        """
        self._part_prices = part_prices
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._countries: dict[str, frozenset[str]] = {}
        self._pumping: dict[str, Pumping] = {}
        self._unkept: list[Block] = []
        self.reload(policies)

    def reload(self, policies: Mapping[str, AccountPolicy]) -> None:
        """Go by other policies; an account whose rules have changed begins anew, without a block."""
        before = self._pumping
        self._countries, self._pumping = {}, {}
        for name, policy in policies.items():
            if policy.countries is not None:
                self._countries[name] = policy.countries
            if policy.pumping is not None:
                known = before.get(name)
                same = known is not None and known.rules == policy.pumping
                self._pumping[name] = known if known and same else Pumping(name, policy.pumping)
        self.tell()

    def remember(self, blocks: Sequence[Block]) -> None:
        """Go by the blocks of before a restart, as far as their rules still hold; those that end first come first."""
        for block in blocks:
            pumping = self._pumping.get(block.account)
            if pumping is not None and pumping.rules.fingerprint == block.rules:
                pumping.remember(block)
        self.tell()

    def tell(self) -> None:
        """Log what is blocked, for operators who come later than the first word of it."""
        now = self._clock.wall()
        for name, pumping in self._pumping.items():
            if blocks := pumping.blocks(now):
                areas = [_area(block) for block in blocks[-_SHOWN:]]
                _log.warning("numbers blocked", account=name, blocks=len(blocks), areas=areas)

    def expect(self, part: Message, now: float) -> Refusal | None:
        """Say why the text of a part can never be taken, as far as a part tells; nothing is taken up."""
        if refusal := self._abroad(part):
            return refusal
        pumping = self._pumping.get(part.account)
        return None if pumping is None else self._refused(pumping, pumping.expect(part.recipient, now))

    def judge(self, message: Message, decision: Decision, now: float) -> Refusal | None:
        """Take up a message that is about to be accepted, or say why it must not be.

        Args:
            message: A whole text.
            decision: Names at least one carrier.
            now: Unix seconds.
        """
        if refusal := self._abroad(message):
            return refusal
        pumping = self._pumping.get(message.account)
        if pumping is None:
            return None
        price = self._part_prices(message, now).get(decision.carriers[0])
        suspicion = pumping.judge(message.recipient, message.country, message.parts, price, now)
        return self._refused(pumping, suspicion)

    def give_back(self, message: Message, decision: Decision, now: float) -> None:
        """What was taken up was not accepted in the end: it costs nothing."""
        if pumping := self._pumping.get(message.account):
            price = self._part_prices(message, now).get(decision.carriers[0])
            pumping.give_back(message.recipient, message.country, message.parts, price)

    async def keep(self) -> None:
        """Store what has been blocked since; where that fails, it holds all the same, and is stored next time."""
        if not self._unkept:
            return
        blocks, self._unkept = self._unkept, []
        try:
            await self._store.keep_blocks(blocks, self._clock.wall())
        except StoreError as fault:
            _log.error("blocks not stored, a restart would lift them", blocks=len(blocks), reason=str(fault))
            self._unkept += blocks

    def _abroad(self, message: Message) -> Refusal | None:
        countries = self._countries.get(message.account)
        if countries is None or message.country in countries:
            return None
        self._metrics.filtered(message.account, Kind.COUNTRY)
        reason = f"{message.country or 'a number of no country'} is not among its countries"
        return Refusal(CommandStatus.ESME_RINVDSTADR, reason, Kind.COUNTRY)

    def _refused(self, pumping: Pumping, suspicion: Suspicion | None) -> Refusal | None:
        if suspicion is None:
            return None
        self._metrics.filtered(pumping.account, Kind.PUMPING)
        for block in suspicion.begun:
            self._metrics.fraud_block(block.account, block.kind)
            # One line for each block: what it refuses from now on is worth no more than any refusal.
            _log.error(
                "numbers blocked, pumping is suspected",
                account=block.account,
                area=_area(block),
                country=block.country,
                kind=block.kind.value,
                seconds=round(pumping.rules.block_s),
            )
        self._unkept += suspicion.begun
        return Refusal(pumping.rules.status, suspicion.reason, Kind.PUMPING)


def _area(block: Block) -> str:
    """Write what is blocked; a prefix is no number, so it may be logged."""
    return f"{block.prefix}*" if block.prefix else block.country or "no country"

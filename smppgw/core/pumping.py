"""Number pumping: somebody makes an account write to numbers that earn him a share of an expensive termination fee.

Two signs are looked for, for each *prefix*, which is a number without its last digits, because whoever pumps rents
numbers by the block: how much is spent there (limits of money and of messages), and whether the numbers lie close
together, in whatever order they come. Enough blocked prefixes of one country block the country. What is blocked stays
so for a fixed time, whatever goes on meanwhile; then the prefix is watched anew.

What cannot be seen: numbers strewn over many prefixes or over the whole of one, below every limit; many messages to a
few numbers, below every limit; a block of numbers that is written to in full for a good reason, which looks the same
and has to be allowed. Each message costs a few dictionary look-ups, however many are remembered.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import Final

REMEMBERED: Final = 10_000
"""Prefixes of one account that are watched (14 MB then), and that are blocked: beyond, the oldest is forgotten."""
_SPARSE: Final = 2
"""How many close numbers one distant number outweighs: below two close ones in three, nothing adds up."""


class Kind(StrEnum):
    """What a block is for."""

    SEQUENCE = "sequence"
    """Numbers close together."""
    SPEND = "spend"
    """More money than a limit allows."""
    MESSAGES = "messages"
    """More messages than a limit allows."""
    WIDENED = "widened"
    """A country, for the blocked prefixes in it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So much at once, and on and on as much in every window: a bucket that leaks."""

    kind: Kind
    """Money or messages."""
    amount: int
    """Millionths of the reporting currency, or messages."""
    window_s: float


@dataclass(frozen=True, kw_only=True)
class PumpingRules:
    """What is watched for one account, and what is too much."""

    allowed: tuple[str, ...] = ()
    """Starts of numbers, E.164 digits, that are not watched and never blocked."""
    last_digits: int = 4
    """How many digits a prefix lacks of a number; 2 to 4."""
    watch_from: int | None = None
    """Price of a part, in millionths of the reporting currency, from which a number is watched; one whose price nobody
    knows is watched too. None: every number is."""
    prefix_limits: tuple[Limit, ...] = ()
    country_limits: tuple[Limit, ...] = ()
    sequence_numbers: int = 15
    """How many close numbers in a prefix are still nothing; 0: any number of them is."""
    sequence_distance: int = 3
    """How far apart close numbers are, at most."""
    sequence_window_s: float = 86_400.0
    """How long a number is remembered at most; then the prefix begins anew."""
    widen_after: int = 3
    """How many blocked prefixes of a country block all of it; 0: none do."""
    block_s: float = 86_400.0
    status: int
    """The command_status of what is refused."""

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same rules, in every process: a block holds only while its rules do."""
        return blake2b(repr(self).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What an account does not write to for a while."""

    account: str
    prefix: str
    """"": all expensive numbers of the country."""
    country: str
    """ISO 3166-1 alpha-2, or "" for numbers of no country."""
    kind: Kind
    until: float
    """Unix seconds."""
    rules: str
    """Fingerprint of the rules it was made by."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a message is not taken."""

    reason: str
    """For logs and traces; holds no number."""
    begun: tuple[Block, ...] = ()
    """The blocks that this message has begun."""


_BLOCKED: Final = Suspicion("numbers like it are blocked, pumping is suspected")


class _Area:
    """How far the limits of one prefix or country are used up: buckets that leak; an estimate, so floats will do."""

    __slots__ = ("_at", "_held")

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._held = [0.0] * len(limits)
        self._at = 0.0

    def take(self, limits: Sequence[Limit], micros: int, now: float) -> Kind | None:
        """Hold one message of this cost; else say which kind of limit it is over: then nothing is held."""
        passed_s = now - self._at if now > self._at else 0.0
        held = []
        for limit, before in zip(limits, self._held, strict=True):
            level = max(before - passed_s * limit.amount / limit.window_s, 0.0)
            level += micros if limit.kind is Kind.SPEND else 1
            if level > limit.amount:
                return limit.kind
            held.append(level)
        self._held, self._at = held, now
        return None

    def give_back(self, limits: Sequence[Limit], micros: int) -> None:
        """Hold one message of this cost less."""
        amounts = [micros if limit.kind is Kind.SPEND else 1 for limit in limits]
        self._held = [max(level - amount, 0.0) for level, amount in zip(self._held, amounts, strict=True)]


class _Prefix(_Area):
    """What else is known of a prefix."""

    __slots__ = ("_score", "_seen", "_since")

    def __init__(self, limits: Sequence[Limit], now: float) -> None:
        super().__init__(limits)
        self._since = now
        """Of the first number that ``_seen`` holds."""
        self._seen = 0
        """A bit for each number, by its last digits."""
        self._score = 0
        """Close numbers, less what distant ones outweigh."""

    def is_sequence(self, number: int, rules: PumpingRules, now: float) -> bool:
        """Take up a number; tell whether it is one too many that lies close to others."""
        if not 0 <= now - self._since < rules.sequence_window_s:
            self._since, self._seen, self._score = now, 0, 0
        first = max(number - rules.sequence_distance, 0)
        near = (self._seen >> first) & ((2 << (number + rules.sequence_distance - first)) - 1)
        own = 1 << (number - first)
        if near & own:
            return False  # again the same number: that is no block of numbers
        self._score = self._score + 1 if near else max(self._score - _SPARSE, 0)
        self._seen |= 1 << number
        return self._score > rules.sequence_numbers


@dataclass(slots=True)
class Pumping:
    """Watches the messages of one account."""

    account: str
    rules: PumpingRules
    _prefixes: OrderedDict[str, _Prefix] = field(default_factory=OrderedDict)
    """The one used last is the last."""
    _countries: dict[str, _Area] = field(default_factory=dict)
    _blocks: OrderedDict[tuple[str, str], Block] = field(default_factory=OrderedDict)
    """By prefix, or by "" and country; the one that ends last is the last."""

    def blocks(self, now: float) -> list[Block]:
        """Return what is blocked."""
        self._lift(now)
        return list(self._blocks.values())

    def remember(self, block: Block) -> None:
        """Go by a block of before a restart; those that end first come first."""
        self._blocks[_place(block)] = block

    def expect(self, recipient: str, now: float) -> Suspicion | None:
        """Say what is wrong with a message of which only the number is known."""
        if self._is_allowed(recipient):
            return None
        return _BLOCKED if self._is_blocked(recipient[: -self.rules.last_digits], "", now) else None

    def judge(self, recipient: str, country: str, parts: int, part_micros: int | None, now: float) -> Suspicion | None:
        """Take up a message that is about to be accepted, or say why it must not be.

        Args:
            recipient: E.164 digits without plus.
            country: ISO 3166-1 alpha-2, or "".
            parts: How many SMS it is billed as.
            part_micros: What each of them will cost, in millionths of the reporting currency; None: nobody knows.
            now: Unix seconds.
        """
        if self._is_allowed(recipient):
            return None
        digits = self.rules.last_digits
        prefix = recipient[:-digits]
        if self._is_blocked(prefix, "", now):
            return _BLOCKED
        if self._is_cheap(part_micros):
            return None
        if self._is_blocked("", country, now):
            return _BLOCKED
        return self._watch(prefix, int(recipient[-digits:]), country, parts * (part_micros or 0), now)

    def give_back(self, recipient: str, country: str, parts: int, part_micros: int | None) -> None:
        """A message that was taken up was not accepted in the end: it has cost nothing."""
        if self._is_allowed(recipient) or self._is_cheap(part_micros):
            return
        micros = parts * (part_micros or 0)
        if prefix := self._prefixes.get(recipient[: -self.rules.last_digits]):
            prefix.give_back(self.rules.prefix_limits, micros)
        if area := self._countries.get(country):
            area.give_back(self.rules.country_limits, micros)

    def _watch(self, prefix: str, number: int, country: str, micros: int, now: float) -> Suspicion | None:
        rules = self.rules
        known = self._known(prefix, now)
        if rules.sequence_numbers and known.is_sequence(number, rules, now):
            return self._block(prefix, country, Kind.SEQUENCE, now)
        if kind := known.take(rules.prefix_limits, micros, now):
            return self._block(prefix, country, kind, now)
        if not rules.country_limits:
            return None
        area = self._countries.get(country) or self._countries.setdefault(country, _Area(rules.country_limits))
        if kind := area.take(rules.country_limits, micros, now):
            return self._block("", country, kind, now)
        return None

    def _known(self, prefix: str, now: float) -> _Prefix:
        known = self._prefixes.get(prefix)
        if known is not None:
            self._prefixes.move_to_end(prefix)
            return known
        known = self._prefixes[prefix] = _Prefix(self.rules.prefix_limits, now)
        if len(self._prefixes) > REMEMBERED:
            self._prefixes.popitem(last=False)
        return known

    def _is_allowed(self, recipient: str) -> bool:
        return recipient.startswith(self.rules.allowed)

    def _is_cheap(self, part_micros: int | None) -> bool:
        least = self.rules.watch_from
        return least is not None and part_micros is not None and part_micros < least

    def _is_blocked(self, prefix: str, country: str, now: float) -> bool:
        block = self._blocks.get((prefix, country))
        return block is not None and now < block.until

    def _block(self, prefix: str, country: str, kind: Kind, now: float) -> Suspicion:
        begun = [self._begin(prefix, country, kind, now)]
        after = self.rules.widen_after
        if prefix and after and self._blocked_prefixes(country) >= after:
            begun.append(self._begin("", country, Kind.WIDENED, now))
        return Suspicion(f"pumping is suspected: {_WORDS[kind]}", tuple(begun))

    def _begin(self, prefix: str, country: str, kind: Kind, now: float) -> Block:
        """Block it, and know nothing of it when the block ends."""
        self._lift(now)
        block = Block(
            account=self.account,
            prefix=prefix,
            country=country,
            kind=kind,
            until=now + self.rules.block_s,
            rules=self.rules.fingerprint,
        )
        self._blocks[_place(block)] = block
        if prefix:
            self._prefixes.pop(prefix, None)
        else:
            self._countries.pop(country, None)
        return block

    def _blocked_prefixes(self, country: str) -> int:
        return sum(block.country == country and block.prefix != "" for block in self._blocks.values())

    def _lift(self, now: float) -> None:
        """Forget what has ended, and the oldest where there are too many: all are made for the same time."""
        while self._blocks:
            place, block = next(iter(self._blocks.items()))
            if now < block.until and len(self._blocks) < REMEMBERED:
                return
            del self._blocks[place]


def _place(block: Block) -> tuple[str, str]:
    return (block.prefix, "") if block.prefix else ("", block.country)


_WORDS: Final = {
    Kind.SEQUENCE: "many numbers close together",
    Kind.SPEND: "too much money in too short a time",
    Kind.MESSAGES: "too many messages in too short a time",
}

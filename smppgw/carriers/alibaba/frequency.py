"""How often one number may be written to: the platform's rules, known here so that a doomed call is not made.

One-time passwords: per signature and number in clock minutes and hours of UTC+8, and in 24 hours from the first; per
number and day over all signatures. Other messages: per signature, template and number and day. Promotions: not between
20:00 and 8:00 in Beijing. Counted when a call was accepted. What is counted is kept in memory and bounded: what a
restart or the bound forgets, and what other senders do, the platform tells by itself. Pure: ``now`` is an argument.
Source: help.aliyun.com 44335 (sending rules).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smppgw.carriers.alibaba.beijing import is_night, next_hour, next_minute, next_morning
from smppgw.carriers.alibaba.config import AlibabaConfig
from smppgw.carriers.alibaba.signatures import fold
from smppgw.carriers.alibaba.templates import Scene
from smppgw.core.codes import ErrorCode
from smppgw.core.model import MessageId
from smppgw.core.verdict import Deferred, Rejected

DAY_S: Final = 86400.0
ROOM: Final = 50_000
"""Counts of one-time passwords, of others, and messages under way that are remembered; a few hundred octets each."""
UNDER_WAY_S: Final = 120.0
"""How long an admitted message may be on its way to its verdict: the lease of a call (``workers.dispatch``)."""
CLOCKS_APART_S: Final = 1.0
"""A window of the platform's may end a little later than ours."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the rules ask of a message."""

    scene: Scene
    sign_name: str
    template_code: str
    number: str


@dataclass(frozen=True, slots=True)
class _Caps:
    """Most messages per window; 0: no cap is known."""

    minute: int
    hour: int
    day: int


@dataclass(slots=True)
class _Count:
    """Messages that share caps; what ends late may be counted late."""

    minute: int = 0
    in_minute: int = 0
    hour: int = 0
    in_hour: int = 0
    day_from: float = 0.0
    in_day: int = 0

    def add(self, at: float) -> None:
        """Count one that was accepted at ``at``."""
        minute, hour = int(at // 60), int(at // 3600)
        if minute > self.minute:
            self.minute, self.in_minute = minute, 0
        if hour > self.hour:
            self.hour, self.in_hour = hour, 0
        if at >= self.day_from + DAY_S:
            self.day_from, self.in_day = at, 0
        self.in_minute += minute == self.minute
        self.in_hour += hour == self.hour
        self.in_day += 1

    def within(self, now: float) -> tuple[int, int, int]:
        """Return how many were counted in the minute, hour and day of ``now``."""
        return (
            self.in_minute if int(now // 60) == self.minute else 0,
            self.in_hour if int(now // 3600) == self.hour else 0,
            self.in_day if self.day_from <= now < self.day_from + DAY_S else 0,
        )


class Frequency:
    """Counts what one account was let send."""

    def __init__(self, config: AlibabaConfig) -> None:
        self._config = config
        self._otp: dict[Key, _Count] = {}
        self._others: dict[Key, _Count] = {}
        """In both, what was counted last stands last."""
        self._under_way: dict[Key, dict[MessageId, float]] = {}
        """One-time passwords that were admitted and have no verdict yet, with the time at which they are forgotten."""
        self._key_of: dict[MessageId, Key] = {}

    def admit(self, message: MessageId, subject: Subject, now: float) -> Deferred | Rejected | None:
        """Say why a call for a message would be refused now; None where nothing is known against it.

        A one-time password that is admitted counts as under way until it is ``decided``: as soon as it is taken, a
        second one to the same number would be refused.
        """
        if subject.scene is Scene.PROMOTION and not self._config.promotions_at_night and is_night(now):
            return Deferred("no promotions at night", not_before=next_morning(now) + CLOCKS_APART_S)
        counts = self._counts(subject)
        for key, caps in self._caps(subject):
            if (count := counts.get(key)) is not None and (refused := _over(count, caps, now)):
                return refused
        return self._announce(message, subject, now) if subject.scene is Scene.OTP else None

    def count(self, subject: Subject, at: float) -> None:
        """Count a message that was accepted."""
        counts = self._counts(subject)
        for key, _ in self._caps(subject):
            count = counts.pop(key, None) or _Count()
            count.add(at)
            counts[key] = count
        while len(counts) > ROOM:
            del counts[next(iter(counts))]

    def decided(self, message: MessageId) -> None:
        """Take note that a message is no longer under way, whatever became of it."""
        key = self._key_of.pop(message, None)
        if key is None:
            return
        under_way = self._under_way[key]
        del under_way[message]
        if not under_way:
            del self._under_way[key]

    def _announce(self, message: MessageId, subject: Subject, now: float) -> Deferred | None:
        """Let a one-time password come, unless those under way to its number use up its minute."""
        key, permits = _number_key(subject), self._config.otp_per_minute
        for other, until in list(self._under_way.get(key, {}).items()):
            if until <= now:
                self.decided(other)
        others = [other for other in self._under_way.get(key, {}) if other != message]
        count = self._otp.get(key)
        if permits and len(others) + (count.within(now)[0] if count else 0) >= permits:
            return Deferred("another one-time password is on its way to this number")
        self._key_of[message] = key
        self._under_way.setdefault(key, {})[message] = now + UNDER_WAY_S
        if len(self._key_of) > ROOM:
            self.decided(next(iter(self._key_of)))
        return None

    def _counts(self, subject: Subject) -> dict[Key, _Count]:
        return self._otp if subject.scene is Scene.OTP else self._others

    def _caps(self, subject: Subject) -> Iterator[tuple[Key, _Caps]]:
        config = self._config
        if subject.scene is Scene.OTP:
            yield _number_key(subject), _Caps(config.otp_per_minute, config.otp_per_hour, config.otp_per_day)
            yield (subject.number,), _Caps(0, 0, config.otp_per_number)
        else:
            yield (fold(subject.sign_name), subject.template_code, subject.number), _Caps(0, 0, config.others_per_day)


def _number_key(subject: Subject) -> Key:
    return fold(subject.sign_name), subject.number


def _over(count: _Count, caps: _Caps, now: float) -> Deferred | Rejected | None:
    in_minute, in_hour, in_day = count.within(now)
    if caps.day and in_day >= caps.day:
        return Rejected(ErrorCode.FREQUENCY_LIMIT, f"{caps.day} were sent to this number within a day")
    if caps.hour and in_hour >= caps.hour:
        not_before = next_hour(now) + CLOCKS_APART_S
        return Deferred(f"{caps.hour} were sent to this number within the hour", not_before)
    if caps.minute and in_minute >= caps.minute:
        not_before = next_minute(now) + CLOCKS_APART_S
        return Deferred(f"{caps.minute} were sent to this number within the minute", not_before)
    return None

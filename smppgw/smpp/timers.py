"""When a session must act although nothing arrives: a few stamps and one deadline computed from them.

The stamps say what happened, in monotonic seconds; nothing in here asks a clock or holds a timer. What an alarm means
is the session's business.
"""

from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import Final, TypeAlias

from smppgw.smpp.settings import SessionSettings

ENQUIRE_LINKS: Final = 2
"""How many enquire_links may stay without a sign of life: one lost packet is not a dead peer."""


class Alarm(Enum):
    """Which timer ran out (SMPP v3.4, 7.2, and the time a PDU may take to arrive)."""

    SESSION_INIT = "session_init"
    PDU_READ = "pdu_read"
    ENQUIRE_LINK = "enquire_link"  # time to send one
    LINK_DEAD = "link_dead"
    INACTIVITY = "inactivity"
    RESPONSE = "response"
    ENDING = "ending"  # the last answers were awaited long enough


Due: TypeAlias = tuple[float, Alarm]


@dataclass(slots=True, kw_only=True)
class Timers:
    """The stamps of one session.

    While the session itself does not read (its window is full), the peer cannot be heard, so every timer that judges
    its silence stands still; it starts anew when reading goes on.
    """

    settings: SessionSettings
    opened_at: float
    heard_at: float
    """The last whole PDU, or the moment since which we listen again."""
    bound: bool = False
    checking_since: float | None = None
    """Since when a bind waits for the application's answer: that time is not the peer's."""
    partial_since: float | None = None
    probed_at: float = 0.0
    probes: int = 0
    """enquire_links sent since the peer was last heard."""
    paused: bool = False
    listening_since: float = 0.0
    ending_since: float | None = None

    def hear(self, now: float) -> None:
        """A whole PDU came: the peer is alive."""
        self.heard_at = now
        self.probes = 0

    def hold_partial(self, partial: bool, *, fresh: bool, now: float) -> None:
        """Note whether octets of an unfinished PDU wait, and whether they are of another PDU than before."""
        if not partial:
            self.partial_since = None
        elif fresh or self.partial_since is None:
            self.partial_since = now

    def probe(self, now: float) -> None:
        """An enquire_link of ours goes out."""
        self.probed_at = now
        self.probes += 1

    def pause(self, paused: bool, now: float) -> None:
        """Reading stops, or goes on."""
        if self.paused and not paused:
            self.hear(now)
            self.listening_since = now
            if self.partial_since is not None:
                self.partial_since = now
        self.paused = paused

    def check_bind(self, checking: bool, now: float) -> None:
        """A bind is being checked, or no longer; the wait for a successful one goes on where it stopped."""
        if checking and self.checking_since is None:
            self.checking_since = now
        elif not checking and self.checking_since is not None:
            self.opened_at += now - self.checking_since
            self.checking_since = None

    def end(self, now: float) -> None:
        """The session begins to end; the first call counts."""
        if self.ending_since is None:
            self.ending_since = now

    def next(self, oldest_request_at: float | None) -> Due | None:
        """The earliest alarm.

        Args:
            oldest_request_at: When the oldest of our unanswered requests was sent; None: there is none.
        """
        running = self._of_stage()
        if not self.paused:
            running += self._of_silence(oldest_request_at)
        return min(running, key=itemgetter(0), default=None)

    def _of_stage(self) -> list[Due]:
        if self.ending_since is not None:
            return [(self.ending_since + self.settings.response_s, Alarm.ENDING)]
        if not self.bound and self.checking_since is None:
            return [(self.opened_at + self.settings.session_init_s, Alarm.SESSION_INIT)]
        return []

    def _of_silence(self, oldest_request_at: float | None) -> list[Due]:
        running: list[Due] = []
        if oldest_request_at is not None:
            since = max(oldest_request_at, self.listening_since)
            running.append((since + self.settings.response_s, Alarm.RESPONSE))
        if self.ending_since is not None:
            return running
        if self.partial_since is not None:
            running.append((self.partial_since + self.settings.pdu_read_s, Alarm.PDU_READ))
        if self.bound:
            running.append(self._of_link())
            running.append((self.heard_at + self.settings.inactivity_s, Alarm.INACTIVITY))
        return running

    def _of_link(self) -> Due:
        since = self.probed_at if self.probes else self.heard_at
        alarm = Alarm.ENQUIRE_LINK if self.probes < ENQUIRE_LINKS else Alarm.LINK_DEAD
        return since + self.settings.enquire_link_s, alarm

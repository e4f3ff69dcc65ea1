"""Whether a carrier is worth calling: a circuit that opens after failures of the whole carrier and probes its way back.

What counts as a failure of the whole carrier (no connection, no answer that proves anything) is for the caller to say;
a refused message is none. A carrier that names a time (throttling, wrong credentials, no money) is held until then.
The circuit only holds calls back: it decides nothing about messages, and it does not compare carriers; measures of
quality would stand beside it, not in it.
"""

from enum import StrEnum

from smppgw.core.retry import Backoff


class CircuitState(StrEnum):
    """The values of the metric label ``state`` of ``carrier_state``."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    """One call may find out whether the carrier is back."""
    OPEN = "open"


PROBING = Backoff(first_s=1.0, factor=2.0, longest_s=60.0)
"""Default waits before the first, second, ... probe."""


class Circuit:
    """Closed until ``failures`` calls in a row failed; then one probe after each wait, until one succeeds."""

    __slots__ = ("_backoff", "_failed", "_failures", "_held", "_next_at", "_probe_s", "_probing", "_waits")

    def __init__(self, failures: int = 5, backoff: Backoff = PROBING, probe_s: float = 120.0) -> None:
        """Start closed.

        Args:
            failures: Consecutive failures that open the circuit, at least 1.
            backoff: Waits before the first, second, ... probe.
            probe_s: How long the outcome of a probe is awaited before another one may go.
        """
        self._failures = failures
        self._backoff = backoff
        self._probe_s = probe_s
        self._failed = 0
        self._waits = 0
        self._held = False
        self._probing = False
        self._next_at: float | None = None

    def state(self, now: float) -> CircuitState:
        """Return where the circuit stands; it is half-open from the moment a probe is due until its outcome."""
        if self._next_at is None:
            return CircuitState.CLOSED
        return CircuitState.HALF_OPEN if self._probing or now >= self._next_at else CircuitState.OPEN

    def allow(self, now: float) -> bool:
        """Say whether a call may go now. On an open circuit True is the probe: ask only with a call at hand."""
        if self._next_at is None:
            return True
        if now < self._next_at:
            return False
        self._probing = True
        self._next_at = now + self._probe_s
        return True

    def wait_s(self, now: float) -> float:
        """Return the seconds until ``allow`` can be True; 0 if it is now."""
        return 0.0 if self._next_at is None else max(0.0, self._next_at - now)

    def record(self, ok: bool, now: float, *, weight: int = 1) -> None:
        """Take in the outcome of a call, in whatever order outcomes come.

        A success closes the circuit even when it is an old call's. A failure while a probe is out is held to be the
        probe's; one that comes while the circuit is open changes nothing. On a held circuit only what comes while a
        probe is out counts: the success of a call that began before says nothing about the cause.

        Args:
            ok: Whether the carrier worked.
            now: Seconds.
            weight: How many failures in a row a failure counts as: some prove more than others.
        """
        if self._held and not self._probing:
            return
        if ok:
            self._close()
        elif self._next_at is None:
            self._failed += weight
            if self._failed >= self._failures:
                self._open(now)
        elif self._probing:
            self._open(now)

    def hold(self, until: float) -> None:
        """Open until a time that the carrier named, at once; then one probe may go, until one succeeds.

        Several calls may bring several times; the latest one holds.
        """
        already = self._next_at if self._held and not self._probing else None
        self._next_at = until if already is None else max(until, already)
        self._held = True
        self._probing = False

    def probe_now(self, now: float) -> None:
        """Let a probe go at once where the circuit is not closed: somebody may have removed the cause."""
        if self._next_at is not None:
            self._next_at = now
            self._probing = False

    def _close(self) -> None:
        self._failed = 0
        self._waits = 0
        self._held = False
        self._probing = False
        self._next_at = None

    def _open(self, now: float) -> None:
        self._waits += 1
        self._probing = False
        self._next_at = now + self._backoff.delay_s(self._waits)

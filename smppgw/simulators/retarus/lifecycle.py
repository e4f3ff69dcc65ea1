"""What Retarus says about a recipient as time goes by.

The status is computed when somebody asks, from the time of acceptance and the clock; nothing runs in the background.
Pure: `now` is an argument. Table: outbound status codes, REST (docs.retarus.com), with the outcomes of the contract.
"""

import math
from dataclasses import dataclass

from smppgw.simulators.outcomes import SUFFIX_DIGITS, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A final status."""

    process_status: str = "DONE"
    status: str = ""
    reason: str | None = None
    without_receipt: str | None = None
    """The status where no delivery notification was asked for; None: the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One recipient's life."""

    end: End | None
    """None: RUNNING for ever."""
    at_once: bool = False
    sent: bool = True
    """Whether it ever leaves Retarus: RUNNING, with `sentTs`."""
    waiting_status: str = ""
    """The `status` while OPEN: empty, or why it is in retry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What `GET /sms` shows of one recipient; times in Unix seconds."""

    process_status: str
    status: str
    reason: str | None = None
    sent_at: float | None = None
    finished_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When the steps of one recipient fall due, in Unix seconds."""

    accepted_at: float
    starts_at: float
    final_delay: float
    status_requested: bool

    @property
    def sent_at(self) -> float:
        """OPEN ends here."""
        return self.starts_at + self.final_delay / 2

    @property
    def final_at(self) -> float:
        """The final status comes here."""
        return self.starts_at + self.final_delay


def _reason(name: str, code: int, text: str) -> str:
    # Only DELIVERED is a published sample (portal, sms-status); the others follow it by analogy.
    return f"message_state:{name} [{code:08d}] (Final) ({text})"


_ACCEPTED = "SUC_ACC"
_DELIVERED = Way(
    end=End(
        status="SUC_FIN",
        reason=_reason("DELIVERED", 2, "Message is delivered to destination."),
        without_receipt=_ACCEPTED,
    )
)
_INVALID_NUMBER = Way(end=End(status="INVALID_DST"), at_once=True, sent=False)


def _failed(reason: str) -> Way:
    return Way(end=End(status="FAILED_FIN", reason=reason, without_receipt=_ACCEPTED))


_WAYS: dict[str, Way] = {
    Outcome.ILLEGAL_NUMBER: _INVALID_NUMBER,
    Outcome.BLOCKED: Way(end=End(status="BLOCKED"), at_once=True, sent=False),
    Outcome.EXPIRED: Way(end=End(status="TIMEOUT", without_receipt=_ACCEPTED)),
    Outcome.NO_CONNECTION: Way(end=End(status="CON_ERR"), sent=False, waiting_status="CON_ERR"),
    Outcome.UNREACHABLE: _failed(_reason("UNDELIVERABLE", 5, "Message is undeliverable.")),
    Outcome.CONTENT_REJECTED: _failed(_reason("REJECTED", 8, "Message is in a rejected state.")),
    Outcome.NOTHING_KNOWN: Way(end=End(status="SEND_ERR")),
    Outcome.CANCELED: Way(end=End(process_status="CANCELED"), sent=False),
    Outcome.KILLED: Way(end=End(process_status="KILL", without_receipt=_ACCEPTED)),
    Outcome.NEVER_FINAL: Way(end=None),
    Outcome.UNKNOWN_STATUS: Way(end=End(status="ODD_FIN")),
    Outcome.GARBAGE_REASON: _failed("message_state:??? [zz] \x00 (Fin"),
}


def way_of(dst: str) -> Way:
    """The way of a number as the client wrote it."""
    digits = dst[1:] if dst[0] == "+" else dst
    if not (8 <= len(digits) <= 17 and digits.isascii() and digits.isdecimal()):
        return _INVALID_NUMBER
    return _WAYS.get(dst[-SUFFIX_DIGITS:], _DELIVERED)


def is_billed(way: Way) -> bool:
    """Whether a recipient is on the bill: all are, but for what never left. The documentation does not say."""
    return way.end is None or way.end.status != "CON_ERR"


def international(dst: str) -> str:
    """A number as reports show it; a national one belongs to the login's country, Germany."""
    if dst[0] == "+":
        return dst
    return "+" + dst[2:] if dst.startswith("00") else "+49" + dst.removeprefix("0")


def state(way: Way, timing: Timing, now: float) -> State:
    """What is shown at `now`."""
    if way.end is not None and way.at_once:
        return State(process_status="DONE", status=way.end.status, finished_at=timing.accepted_at)
    if not timing.status_requested:
        return _without_receipt(way, timing, now)
    if way.end is not None and now >= timing.final_at:
        return _ended(way.end, way, timing.sent_at, timing.final_at)
    if way.sent and now >= timing.sent_at:
        return State(process_status="RUNNING", status="", sent_at=timing.sent_at)
    return State(process_status="OPEN", status=way.waiting_status if now >= timing.starts_at else "")


def final_at(way: Way, timing: Timing) -> float:
    """When the way ends, in Unix seconds; infinity if never."""
    if way.at_once:
        return timing.accepted_at
    if not timing.status_requested and way.sent:
        return timing.sent_at
    return math.inf if way.end is None else timing.final_at


def _ended(end: End, way: Way, sent_at: float, at: float) -> State:
    return State(
        process_status=end.process_status,
        status=end.status,
        reason=end.reason,
        sent_at=sent_at if way.sent else None,
        finished_at=at,
    )


def _without_receipt(way: Way, timing: Timing, now: float) -> State:
    """OPEN until it is handed over, which is the end: nobody asked what became of it."""
    end = way.end or End(without_receipt=_ACCEPTED)
    if now < final_at(way, timing):
        return State(process_status="OPEN", status=way.waiting_status if now >= timing.starts_at else "")
    shown = end if end.without_receipt is None else End(status=end.without_receipt)
    return _ended(shown, way, timing.sent_at, final_at(way, timing))

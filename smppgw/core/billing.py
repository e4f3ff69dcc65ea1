"""What a carrier bills for a message in the end, by its last word about it. Pure.

Two assumptions stand here, because no carrier writes them down: what provably never left a carrier costs nothing,
wherever it bills; and a carrier that bills on submit bills whatever became of the message else.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Final, TypeVar

from smppgw.core.model import Outcome
from smppgw.core.verdict import PushedReport, StatusReport

Report = TypeVar("Report", StatusReport, PushedReport)


class BilledOn(StrEnum):
    """What a carrier asks money for (``billed_on``)."""

    SUBMIT = "submit"
    """Each part that it took."""
    DELIVERY = "delivery"
    """Each part that it took, but nothing where it reports that the message failed."""


_FAILED: Final = frozenset({Outcome.UNDELIVERABLE, Outcome.REJECTED, Outcome.EXPIRED, Outcome.DELETED})
"""Ends that a carrier is sure of: what it calls unknown may have been delivered, and is paid for."""


def billed(report: Report, billed_on: BilledOn) -> Report:
    """Return a report as the ledger takes it: one of what costs nothing says that no part is billed."""
    is_free = report.nothing_left or (billed_on is BilledOn.DELIVERY and report.outcome in _FAILED)
    return replace(report, parts=0) if is_free and report.final else report

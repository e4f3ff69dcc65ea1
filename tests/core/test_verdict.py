"""What a carrier's word means when it says no more: the careful reading."""

from smppgw.core.codes import ErrorCode
from smppgw.core.model import MessageId, Outcome
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, Rejected, StatusReport


def test_acceptance_needs_neither_reference_nor_parts() -> None:
    assert Accepted() == Accepted(ref=None, parts=None)


def test_a_rejection_ends_rejected_may_fail_over_and_concerns_one_message() -> None:
    rejected = Rejected(ErrorCode.BLOCKED, "BLOCKED")

    assert rejected == Rejected(
        ErrorCode.BLOCKED, "BLOCKED", outcome=Outcome.REJECTED, may_fail_over=True, whole_batch=False
    )


def test_a_deferral_concerns_one_message_and_names_no_time() -> None:
    assert Deferred("busy") == Deferred("busy", not_before=None, whole_carrier=False)


def test_doubt_has_no_evidence() -> None:
    assert Doubtful("timeout") == Doubtful("timeout", evidence=Evidence.NONE)


def test_a_report_proves_nothing_about_what_left() -> None:
    report = StatusReport(message=MessageId(1), outcome=Outcome.UNDELIVERABLE, final=True)

    assert (report.nothing_left, report.error, report.at, report.parts) == (False, ErrorCode.NONE, None, None)


def test_verdicts_of_different_kinds_are_never_equal() -> None:
    assert len({Accepted(), Deferred("x"), Doubtful("x"), Rejected(ErrorCode.BLOCKED, "x")}) == 4

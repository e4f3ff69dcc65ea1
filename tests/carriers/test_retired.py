"""A carrier that is gone brings what it had to an end, and touches nothing."""

from smppgw.carriers.retired import Retired
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Batch, BatchId
from smppgw.core.verdict import Doubtful, Evidence, Rejected
from tests.carriers.contract import message, sent_of


async def test_what_is_queued_was_certainly_not_taken_and_may_go_elsewhere() -> None:
    retired = Retired("old")
    attempt = retired.prepare(
        Batch(id=BatchId("b1"), messages=(message(1, "4915112345678", "Hi"), message(2, "4915112345679", "Hi"))), 1000.0
    )

    verdicts = await retired.send(attempt)

    assert list(verdicts) == [1, 2]
    for verdict in verdicts.values():
        assert isinstance(verdict, Rejected)
        assert (verdict.error, verdict.may_fail_over) == (ErrorCode.NO_CARRIER, True)


async def test_what_is_in_doubt_is_not_found_and_what_was_sent_is_not_known() -> None:
    retired = Retired("old")
    batch = Batch(id=BatchId("b1"), messages=(message(1, "4915112345678", "Hi"),))
    sent = sent_of(retired.prepare(batch, 1000.0), batch.messages, None)

    found = await retired.resolve(retired.prepare(batch, 1000.0), sent)

    assert {type(verdict) for verdict in found.values()} == {Doubtful}
    assert [verdict.evidence for verdict in found.values() if isinstance(verdict, Doubtful)] == [Evidence.ABSENT]
    assert await retired.statuses(sent) == ()


def test_nothing_new_is_given_to_it() -> None:
    assert Retired("old").check(message(1, "4915112345678", "Hi")) is not None

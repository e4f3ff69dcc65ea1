"""One state for a submission with several destinations."""

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome, Stage
from smppgw.core.operations import Standing, overall

SCHEDULED = Standing(Stage.SCHEDULED)
SENDING = Standing(Stage.SENDING)
DELIVERED = Standing(Stage.FINAL, Outcome.DELIVERED, ErrorCode.NONE, 10.0)
EXPIRED = Standing(Stage.FINAL, Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED, 20.0)
REJECTED = Standing(Stage.FINAL, Outcome.REJECTED, ErrorCode.BLOCKED, 30.0)


@pytest.mark.parametrize(
    ("standings", "expected"),
    [
        pytest.param([SENDING], SENDING, id="one open"),
        pytest.param([DELIVERED], DELIVERED, id="one delivered"),
        pytest.param([EXPIRED], EXPIRED, id="one failed"),
        pytest.param([DELIVERED, SCHEDULED, SENDING], SCHEDULED, id="the first that is open"),
        pytest.param(
            [DELIVERED, EXPIRED, REJECTED],
            Standing(Stage.FINAL, Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED, 30.0),
            id="the first failure, at the last end",
        ),
        pytest.param([DELIVERED, DELIVERED], DELIVERED, id="delivered where all are"),
    ],
)
def test_a_submission_has_one_state(standings: list[Standing], expected: Standing) -> None:
    assert overall(standings) == expected

"""Which ends say that a phone could not be reached."""

from smppgw.core.codes import ErrorCode
from smppgw.core.unreached import UNREACHED

OF_THE_GATEWAY_ITSELF = range(60, 90)


def test_what_the_gateway_itself_made_says_nothing_of_a_phone() -> None:
    assert UNREACHED.isdisjoint(OF_THE_GATEWAY_ITSELF)


def test_a_recipient_who_can_never_be_reached_or_does_not_want_to_be_is_not_waited_for() -> None:
    assert UNREACHED.isdisjoint({
        ErrorCode.INVALID_NUMBER, ErrorCode.BLOCKED, ErrorCode.NO_ROUTE, ErrorCode.SUBSCRIBER_ABNORMAL,
        ErrorCode.NOT_PROVISIONED,
    })  # fmt: skip

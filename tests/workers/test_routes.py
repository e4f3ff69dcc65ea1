"""A message goes where the first matching rule says, less the carriers that cannot take it."""

from typing import Any

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Decision, Message, MessageId, TrafficClass
from smppgw.core.routing import Match, Router, Rule
from smppgw.core.verdict import Rejected
from smppgw.workers.routes import Routes, Unroutable
from tests.workers.fakes import START, FakeCarrier

RULES = (
    Rule(name="china", match=Match(countries=("CN",)), carriers=("beta",)),
    Rule(name="german", match=Match(countries=("DE",)), carriers=("alpha", "beta")),
)
NO = Rejected(ErrorCode.TEMPLATE_MISMATCH, "no template")


def message(**changes: Any) -> Message:
    fields: dict[str, Any] = {
        "id": MessageId(1),
        "account": "acme",
        "recipient": "491710000001",
        "country": "DE",
        "sender": "ACME",
        "sender_is_number": False,
        "text": "hello",
        "parts": 1,
        "flash": False,
        "traffic_class": TrafficClass.OTP,
        "priority_flag": 0,
        "service_type": "",
        "vendor_tlvs": b"",
        "accepted_at": START,
        "expires_at": START + 60,
    }
    return Message(**(fields | changes))


def routes(**refusing: Rejected) -> Routes:
    carriers = {name: FakeCarrier(name) for name in ("alpha", "beta")}
    for name, refusal in refusing.items():
        carriers[name].refused["491710000001"] = refusal
    return Routes(Router(RULES), carriers)


def test_the_candidates_stand_in_the_order_of_the_rule() -> None:
    assert routes().route(message()) == Decision("german", ("alpha", "beta"))


def test_who_cannot_take_it_is_left_out_with_the_reason() -> None:
    assert routes(alpha=NO).route(message()) == Decision("german", ("beta",), (("alpha", "no template"),))


def test_without_a_rule_there_is_no_route() -> None:
    assert routes().route(message(country="FR")) == Unroutable(False, "no route")


def test_a_rule_without_a_candidate_says_why() -> None:
    assert routes(alpha=NO, beta=NO).route(message()) == Unroutable(True, "alpha: no template; beta: no template")


def test_whether_a_rule_matches_can_be_asked_without_a_text() -> None:
    assert routes(alpha=NO, beta=NO).has_rule("acme", "DE", "491710000001", "ACME")
    assert not routes().has_rule("acme", "FR", "33612345678", "ACME")

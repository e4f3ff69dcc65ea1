"""A message goes where the first matching rule says, less the carriers that cannot take it."""

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Decision, DropKind, Dropped
from smppgw.core.routing.hours import parse_hours
from smppgw.core.routing.rules import Match, Rule, candidates
from smppgw.core.verdict import Rejected
from smppgw.workers.routes import RouteResult, Routes, Unroutable
from tests.core.routing.asking import NOW, routed
from tests.workers.fakes import FakeCarrier, FakeClock, routes_over

RULES = (
    Rule(name="china", match=Match(countries=("CN",)), candidates=candidates("beta")),
    Rule(name="long", match=Match(countries=("AT",), parts=(3, 20)), refuse=0x01),
    Rule(name="closed", match=Match(countries=("KP",)), refuse=0x410),
    Rule(name="renamed", match=Match(countries=("US",)), candidates=candidates("alpha"), sender="12025550100"),
    Rule(name="german", match=Match(countries=("AT", "DE")), candidates=candidates("alpha", "beta")),
)
NO = Rejected(ErrorCode.TEMPLATE_MISMATCH, "no template")
RECIPIENT = "491711234567"


def routes(**refusing: Rejected) -> Routes:
    carriers = {name: FakeCarrier(name) for name in ("alpha", "beta")}
    for name, refusal in refusing.items():
        carriers[name].refused[RECIPIENT] = refusal
    return routes_over(RULES, carriers, FakeClock())


def test_the_candidates_stand_in_the_order_of_the_rule() -> None:
    assert routes().route(routed(), NOW) == Decision("german", ("alpha", "beta"))


def test_who_cannot_take_it_is_left_out_with_the_reason() -> None:
    decision = routes(alpha=NO).route(routed(), NOW)

    assert decision == Decision("german", ("beta",), (Dropped("alpha", "no template"),))


def test_without_a_rule_there_is_no_route() -> None:
    assert routes().route(routed(country="FR"), NOW) == Unroutable(False, "no route")


def test_a_rule_without_a_candidate_says_why() -> None:
    decision = routes(alpha=NO, beta=NO).route(routed(), NOW)

    assert decision == Unroutable(True, "alpha: no template; beta: no template")


def test_a_rule_may_refuse_with_its_own_status() -> None:
    assert routes().route(routed(country="KP"), NOW) == Unroutable(True, "route closed refuses it", 0x410)


def test_a_rule_may_rewrite_the_sender() -> None:
    decision = routes().route(routed(country="US"), NOW)

    assert decision == Decision("renamed", ("alpha",), sender="12025550100")


def test_a_part_is_refused_where_its_text_can_have_no_way() -> None:
    assert routes(alpha=NO, beta=NO).expect(routed(), NOW) is None  # what the text says is not known yet
    assert routes().expect(routed(country="FR"), NOW) == Unroutable(False, "no route")
    assert routes().expect(routed(country="KP"), NOW) == Unroutable(True, "route closed refuses it", 0x410)


def test_a_part_is_not_refused_for_the_length_of_a_text_that_is_not_known_yet() -> None:
    assert routes().expect(routed(country="AT", parts=3), NOW) is None


def test_what_becomes_of_messages_is_counted_by_rule() -> None:
    routing = routes(alpha=NO)
    for country in ("DE", "DE", "KP", "FR", "US"):
        routing.route(routed(country=country), NOW)
    routing.expect(routed(country="KP"), NOW)
    routing.expect(routed(country="DE"), NOW)  # its text is routed, and counted, when it is whole

    assert routing.tally.decisions == {
        ("german", RouteResult.ROUTED): 2,
        ("closed", RouteResult.REFUSED): 2,
        ("", RouteResult.NO_ROUTE): 1,
        ("renamed", RouteResult.NO_CANDIDATE): 1,
    }
    assert routing.tally.drops == {
        ("german", "alpha", DropKind.CANNOT_TAKE): 2,
        ("renamed", "alpha", DropKind.CANNOT_TAKE): 1,
    }


def test_what_a_rule_holds_is_counted_as_held() -> None:
    held = Rule(name="day", candidates=candidates("alpha"), hold=parse_hours("08:00-20:00"))
    routing = routes_over([held], {"alpha": FakeCarrier("alpha")}, FakeClock())

    routing.route(routed(), NOW)

    assert routing.tally.decisions == {("day", RouteResult.HELD): 1}

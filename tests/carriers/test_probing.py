"""What one harmless call says about a carrier."""

import pytest

from smppgw.carriers.http import Answer, Lost, NotSent, Result
from smppgw.carriers.loopback import Loopback, LoopbackConfig
from smppgw.carriers.probing import Probe, Probing, probe_of
from smppgw.carriers.retired import Retired


def answer(status: int) -> Answer:
    return Answer(status=status, headers={}, body=b"<html>secret</html>")


@pytest.mark.parametrize(
    ("result", "reachable", "authenticated", "words", "ok"),
    [
        (answer(200), True, True, "welcome", True),
        (answer(204), True, True, "welcome", True),
        (answer(401), True, False, "http 401: login refused", False),
        (answer(403), True, False, "http 403: login refused", False),
        (answer(302), False, None, "http 302", False),
        (answer(404), False, None, "http 404", False),
        (answer(503), False, None, "http 503", False),
        (NotSent("ConnectError"), False, None, "not reached: ConnectError", False),
        (Lost("ReadTimeout"), False, None, "no answer: ReadTimeout", False),
    ],
)
def test_a_call_is_read_by_its_status(
    result: Result, reachable: bool, authenticated: bool | None, words: str, ok: bool
) -> None:
    probe = probe_of("here", result, 0.25, "welcome")

    assert (probe.reachable, probe.authenticated, probe.words, probe.ok) == (reachable, authenticated, words, ok)
    assert (probe.place, probe.seconds) == ("here", 0.25)


def test_what_does_not_tell_about_the_login_is_no_reason_against_it() -> None:
    assert Probe(place="eu", reachable=True, authenticated=None, seconds=0.1, words="").ok


async def test_a_carrier_without_a_network_is_always_there() -> None:
    carrier = Loopback("loop", LoopbackConfig(), clock=lambda: 0.0)

    assert [probe.ok for probe in await carrier.probe()] == [True]


def test_a_carrier_that_is_gone_cannot_be_tried() -> None:
    assert not isinstance(Retired("gone"), Probing)

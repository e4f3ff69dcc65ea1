"""The timers of a session as arithmetic: no clock, no loop, no wait."""

import math

import pytest

from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.timers import Alarm, Timers

SETTINGS = SessionSettings()  # init 10, PDU 10, enquire_link 30, inactivity 300, response 60


def opened(settings: SessionSettings = SETTINGS, *, bound: bool = False) -> Timers:
    """A session opened at 100."""
    return Timers(settings=settings, opened_at=100.0, heard_at=100.0, bound=bound)


def test_an_unbound_session_waits_for_its_bind() -> None:
    """100 + 10."""
    assert opened().next(None) == (110.0, Alarm.SESSION_INIT)


def test_octets_do_not_prolong_the_wait_for_a_bind() -> None:
    """Only the bind does."""
    timers = opened()

    timers.hear(109.0)

    assert timers.next(None) == (110.0, Alarm.SESSION_INIT)


def test_a_bound_session_is_probed_after_silence() -> None:
    """Heard at 120, 30 s idle."""
    timers = opened(bound=True)

    timers.hear(120.0)

    assert timers.next(None) == (150.0, Alarm.ENQUIRE_LINK)


def test_two_probes_without_a_sign_of_life_are_the_end() -> None:
    """130 first, 160 second, 190 dead."""
    timers = opened(bound=True)

    seen = []
    for at in (130.0, 160.0):
        seen.append(timers.next(None))
        timers.probe(at)
    seen.append(timers.next(None))

    assert seen == [(130.0, Alarm.ENQUIRE_LINK), (160.0, Alarm.ENQUIRE_LINK), (190.0, Alarm.LINK_DEAD)]


def test_a_late_probe_leaves_the_peer_its_full_time() -> None:
    """A process that stood still for a minute does not declare its peers dead at once."""
    timers = opened(bound=True)

    timers.probe(200.0)

    assert timers.next(None) == (230.0, Alarm.ENQUIRE_LINK)


def test_any_pdu_takes_the_probes_back() -> None:
    """Two probes, then life at 165: next probe at 195."""
    timers = opened(bound=True)
    timers.probe(130.0)
    timers.probe(160.0)

    timers.hear(165.0)

    assert timers.next(None) == (195.0, Alarm.ENQUIRE_LINK)


def test_inactivity_ends_a_session_that_is_not_probed() -> None:
    """enquire_link switched off."""
    timers = opened(SessionSettings(enquire_link_s=math.inf), bound=True)

    assert timers.next(None) == (400.0, Alarm.INACTIVITY)


def test_an_unfinished_pdu_has_ten_seconds_from_its_first_octet() -> None:
    """Octets at 101, 105 and 109 do not prolong it."""
    timers = opened(bound=True)

    for at in (101.0, 105.0, 109.0):
        timers.hold_partial(True, fresh=False, now=at)

    assert timers.next(None) == (111.0, Alarm.PDU_READ)


def test_the_next_unfinished_pdu_has_its_own_time() -> None:
    """The first became whole at 105, together with the first octets of another."""
    timers = opened(bound=True)
    timers.hold_partial(True, fresh=False, now=101.0)

    timers.hold_partial(True, fresh=True, now=105.0)

    assert timers.next(None) == (115.0, Alarm.PDU_READ)


def test_a_whole_pdu_needs_no_pdu_timer() -> None:
    """Nothing unfinished, nothing to wait for."""
    timers = opened(bound=True)
    timers.hold_partial(True, fresh=False, now=101.0)

    timers.hold_partial(False, fresh=True, now=102.0)

    assert timers.next(None) == (130.0, Alarm.ENQUIRE_LINK)


def test_our_oldest_request_has_its_response_time() -> None:
    """Sent at 60 on a session heard since: 60 + 60."""
    timers = opened(bound=True)

    assert timers.next(60.0) == (120.0, Alarm.RESPONSE)


def test_while_we_do_not_read_silence_is_not_judged() -> None:
    """Probe, inactivity, PDU and response timers stand still."""
    timers = opened(bound=True)
    timers.hold_partial(True, fresh=False, now=101.0)

    timers.pause(True, 102.0)

    assert timers.next(60.0) is None


@pytest.mark.parametrize(
    ("oldest_request_at", "partial", "expected"),
    [
        (None, False, (530.0, Alarm.ENQUIRE_LINK)),
        (None, True, (510.0, Alarm.PDU_READ)),
        (90.0, False, (530.0, Alarm.ENQUIRE_LINK)),
    ],
)
def test_after_a_pause_the_peer_has_its_full_time_again(
    oldest_request_at: float | None, partial: bool, expected: tuple[float, Alarm]
) -> None:
    """Reading goes on at 500; the response timer (560) is behind the probe then."""
    timers = opened(bound=True)
    timers.hold_partial(partial, fresh=False, now=101.0)
    timers.pause(True, 102.0)

    timers.pause(False, 500.0)

    assert timers.next(oldest_request_at) == expected


def test_the_last_answers_have_the_response_time_from_the_first_sign_of_the_end() -> None:
    """A second sign does not prolong it."""
    timers = opened(bound=True)

    timers.end(200.0)
    timers.end(250.0)

    assert timers.next(None) == (260.0, Alarm.ENDING)


def test_the_end_is_awaited_although_we_do_not_read() -> None:
    """A pause does not stop it."""
    timers = opened(bound=True)

    timers.pause(True, 150.0)
    timers.end(200.0)

    assert timers.next(None) == (260.0, Alarm.ENDING)


def test_while_a_bind_is_checked_nobody_waits_for_one() -> None:
    """The peer has done its part."""
    timers = opened()

    timers.check_bind(True, 105.0)

    assert timers.next(None) is None


def test_a_refused_bind_leaves_the_rest_of_the_time() -> None:
    """100 + 10, and the 40 that the check took."""
    timers = opened()

    timers.check_bind(True, 105.0)
    timers.check_bind(True, 120.0)
    timers.check_bind(False, 145.0)
    timers.check_bind(False, 146.0)

    assert timers.next(None) == (150.0, Alarm.SESSION_INIT)

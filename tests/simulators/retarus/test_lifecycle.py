"""The status of a recipient over time, as the contract's suffix table says."""

import pytest

from smppgw.simulators.retarus.lifecycle import State, Timing, final_at, international, state, way_of

START = 1000.0
TIMING = Timing(accepted_at=START, starts_at=START, final_delay=10.0, status_requested=True)
SILENT = Timing(accepted_at=START, starts_at=START, final_delay=10.0, status_requested=False)
FOR_EVER = START + 1e9


def seen(suffix: str, after: float, timing: Timing = TIMING) -> State:
    return state(way_of(f"+491761234{suffix}"), timing, START + after)


@pytest.mark.parametrize(
    ("suffix", "opened", "sent", "final"),
    [
        ("0001", "DONE/INVALID_DST", "DONE/INVALID_DST", "DONE/INVALID_DST"),
        ("0002", "DONE/BLOCKED", "DONE/BLOCKED", "DONE/BLOCKED"),
        ("0003", "OPEN/", "RUNNING/", "DONE/TIMEOUT"),
        ("0004", "OPEN/CON_ERR", "OPEN/CON_ERR", "DONE/CON_ERR"),
        ("0005", "OPEN/", "RUNNING/", "DONE/FAILED_FIN"),
        ("0008", "OPEN/", "RUNNING/", "DONE/FAILED_FIN"),
        ("0010", "OPEN/", "RUNNING/", "DONE/SEND_ERR"),
        ("0012", "OPEN/", "OPEN/", "CANCELED/"),
        ("0014", "OPEN/", "RUNNING/", "KILL/"),
        ("0015", "OPEN/", "RUNNING/", "RUNNING/"),
        ("0016", "OPEN/", "RUNNING/", "DONE/ODD_FIN"),
        ("0017", "OPEN/", "RUNNING/", "DONE/FAILED_FIN"),
        ("5678", "OPEN/", "RUNNING/", "DONE/SUC_FIN"),
    ],
)
def test_each_suffix_has_its_way(suffix: str, opened: str, sent: str, final: str) -> None:
    way = [seen(suffix, after) for after in (0.0, 5.0, 10.0)]

    assert [f"{each.process_status}/{each.status}" for each in way] == [opened, sent, final]


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [
        ("5678", "message_state:DELIVERED [00000002] (Final) (Message is delivered to destination.)"),
        ("0005", "message_state:UNDELIVERABLE [00000005] (Final) (Message is undeliverable.)"),
        ("0008", "message_state:REJECTED [00000008] (Final) (Message is in a rejected state.)"),
        ("0003", None),
    ],
)
def test_the_reason_names_the_message_state(suffix: str, reason: str | None) -> None:
    assert seen(suffix, 10.0).reason == reason


@pytest.mark.parametrize(
    ("suffix", "after", "sent_at", "finished_at"),
    [
        ("5678", 0.0, None, None),
        ("5678", 5.0, START + 5, None),
        ("5678", 99.0, START + 5, START + 10),
        ("0001", 99.0, None, START),
        ("0004", 99.0, None, START + 10),
        ("0012", 99.0, None, START + 10),
        ("0015", 99.0, START + 5, None),
    ],
)
def test_times_appear_when_the_step_is_done(
    suffix: str, after: float, sent_at: float | None, finished_at: float | None
) -> None:
    shown = seen(suffix, after)

    assert (shown.sent_at, shown.finished_at) == (sent_at, finished_at)


@pytest.mark.parametrize(
    ("suffix", "final"),
    [
        ("5678", "DONE/SUC_ACC"),
        ("0003", "DONE/SUC_ACC"),
        ("0005", "DONE/SUC_ACC"),
        ("0014", "DONE/SUC_ACC"),
        ("0015", "DONE/SUC_ACC"),
        ("0017", "DONE/SUC_ACC"),
        ("0001", "DONE/INVALID_DST"),
        ("0004", "DONE/CON_ERR"),
        ("0010", "DONE/SEND_ERR"),
        ("0012", "CANCELED/"),
    ],
)
def test_without_a_requested_status_only_the_hand_over_is_known(suffix: str, final: str) -> None:
    shown = seen(suffix, 10.0, SILENT)

    assert f"{shown.process_status}/{shown.status}" == final


def test_without_a_requested_status_nothing_is_ever_running() -> None:
    assert {seen("5678", after, SILENT).process_status for after in (0.0, 4.9, 5.0, 10.0)} == {"OPEN", "DONE"}


@pytest.mark.parametrize("timing", [TIMING, SILENT])
@pytest.mark.parametrize(
    "suffix",
    ["0001", "0002", "0003", "0004", "0005", "0008", "0010", "0012", "0014", "0015", "0016", "0017", "5678"],
)
def test_a_status_is_finished_exactly_from_its_end_on(suffix: str, timing: Timing) -> None:
    way = way_of(f"+491761234{suffix}")
    end = min(final_at(way, timing), FOR_EVER)

    before, at_end = state(way, timing, end - 0.001), state(way, timing, end)

    assert before.finished_at is None or end == START
    assert (at_end.finished_at is not None) is (end < FOR_EVER)


@pytest.mark.parametrize("dst", ["999999", "+49", "call me", "+49176x0000000", "1" * 18, "+"])
def test_what_is_no_number_is_invalid(dst: str) -> None:
    assert state(way_of(dst), TIMING, START).status == "INVALID_DST"


@pytest.mark.parametrize(
    ("dst", "shown"),
    [
        ("+4917612345678", "+4917612345678"),
        ("004917612345678", "+4917612345678"),
        ("017612345678", "+4917612345678"),
    ],
)
def test_reports_show_international_numbers(dst: str, shown: str) -> None:
    assert international(dst) == shown

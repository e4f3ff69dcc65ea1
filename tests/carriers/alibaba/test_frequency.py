"""How often one number may be written to, and what is known of it beforehand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smppgw.carriers.alibaba import AlibabaConfig, frequency
from smppgw.carriers.alibaba.beijing import BEIJING
from smppgw.carriers.alibaba.frequency import Frequency, Subject
from smppgw.carriers.alibaba.templates import Scene
from smppgw.core.codes import ErrorCode
from smppgw.core.model import MessageId
from smppgw.core.verdict import Deferred, Rejected

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=BEIJING).timestamp()
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def rules(**keys: Any) -> Frequency:
    return Frequency(AlibabaConfig.model_validate(keys))


def otp(number: str = "13900000000", sign_name: str = "阿里云", code: str = "SMS_1") -> Subject:
    return Subject(scene=Scene.OTP, sign_name=sign_name, template_code=code, number=number)


def other(number: str = "13900000000", code: str = "SMS_2", scene: Scene = Scene.NOTIFICATION) -> Subject:
    return Subject(scene=scene, sign_name="阿里云", template_code=code, number=number)


def admitted(known: Frequency, subject: Subject, now: float, number: int = 1) -> Deferred | Rejected | None:
    """Ask, and take the message for decided at once."""
    verdict = known.admit(MessageId(number), subject, now)
    known.decided(MessageId(number))
    return verdict


@pytest.mark.parametrize(
    ("sent_at", "asked_at", "not_before"),
    [
        # Clock minutes, not sixty seconds: 12:00:59 and 12:01:00 are two.
        (NOON, NOON, NOON + 61),
        (NOON, NOON + 59, NOON + 61),
        (NOON, NOON + 60, None),
        (NOON + 59, NOON + 60, None),
    ],
)
def test_one_password_a_clock_minute(sent_at: float, asked_at: float, not_before: float | None) -> None:
    known = rules()
    known.count(otp(), sent_at)

    verdict = admitted(known, otp(), asked_at)

    assert verdict == (
        None if not_before is None else Deferred("1 were sent to this number within the minute", not_before)
    )


def test_five_passwords_a_clock_hour() -> None:
    known = rules()
    for minute in range(5):
        known.count(otp(), NOON + minute * MINUTE)

    assert admitted(known, otp(), NOON + 30 * MINUTE) == Deferred(
        "5 were sent to this number within the hour", NOON + HOUR + 1
    )
    assert admitted(known, otp(), NOON + HOUR) is None


def test_ten_passwords_in_a_day_from_the_first() -> None:
    known = rules()
    for hour in range(10):
        known.count(otp(), NOON + hour * HOUR)

    assert admitted(known, otp(), NOON + 23 * HOUR) == Rejected(
        ErrorCode.FREQUENCY_LIMIT, "10 were sent to this number within a day"
    )
    assert admitted(known, otp(), NOON + DAY) is None


def test_forty_passwords_a_day_whatever_the_signature() -> None:
    known = rules()
    for place in range(40):
        known.count(otp(sign_name=f"签名{place % 8}"), NOON + place * 20 * MINUTE)

    verdict = admitted(known, otp(sign_name="另一个"), NOON + 23 * HOUR)

    assert verdict == Rejected(ErrorCode.FREQUENCY_LIMIT, "40 were sent to this number within a day")


@pytest.mark.parametrize(
    "subject", [otp("13900000001"), otp(sign_name="示例科技"), other()], ids=["number", "signature", "kind"]
)
def test_another_number_signature_or_kind_has_its_own_count(subject: Subject) -> None:
    known = rules()
    known.count(otp(), NOON)

    assert admitted(known, subject, NOON) is None


def test_signatures_do_not_differ_by_case_nor_templates_for_passwords() -> None:
    known = rules()
    known.count(otp(sign_name="Example", code="SMS_1"), NOON)

    assert isinstance(admitted(known, otp(sign_name="EXAMPLE", code="SMS_9"), NOON), Deferred)


@pytest.mark.parametrize("scene", [Scene.NOTIFICATION, Scene.PROMOTION])
def test_fifty_others_a_day_per_template(scene: Scene) -> None:
    known = rules()
    for place in range(50):
        known.count(other(scene=scene), NOON + place)

    verdict = admitted(known, other(scene=scene), NOON + HOUR)

    assert verdict == Rejected(ErrorCode.FREQUENCY_LIMIT, "50 were sent to this number within a day")
    assert admitted(known, other(code="SMS_3", scene=scene), NOON + HOUR) is None


@pytest.mark.parametrize(
    ("hour", "minute", "waits_h"),
    [(8, 0, None), (12, 0, None), (19, 59, None), (20, 0, 12.0), (23, 30, 8.5), (0, 0, 8.0), (7, 59, 1 / 60)],
)
def test_promotions_wait_for_the_morning_in_beijing(hour: int, minute: int, waits_h: float | None) -> None:
    now = datetime(2026, 1, 2, hour, minute, tzinfo=BEIJING).timestamp()

    verdict = admitted(rules(), other(scene=Scene.PROMOTION), now)

    expected = None if waits_h is None else Deferred("no promotions at night", round(now + waits_h * HOUR) + 1)
    assert verdict == expected
    assert admitted(rules(promotions_at_night=True), other(scene=Scene.PROMOTION), now) is None
    assert admitted(rules(), other(), now) is None


def test_caps_are_options_and_none_is_one_of_them() -> None:
    strict = rules(otp_per_minute=2)
    free = rules(otp_per_minute=0, otp_per_hour=0, otp_per_day=0, otp_per_number=0, others_per_day=0)
    strict.count(otp(), NOON)
    for _ in range(100):
        free.count(otp(), NOON)
        free.count(other(), NOON)

    assert admitted(strict, otp(), NOON) is None
    strict.count(otp(), NOON)
    assert isinstance(admitted(strict, otp(), NOON), Deferred)
    assert (admitted(free, otp(), NOON), admitted(free, other(), NOON)) == (None, None)


class TestUnderWay:
    def test_a_second_password_waits_until_the_first_is_decided(self) -> None:
        known = rules()

        first = known.admit(MessageId(1), otp(), NOON)
        second = known.admit(MessageId(2), otp(), NOON)
        known.decided(MessageId(1))
        again = known.admit(MessageId(2), otp(), NOON)

        assert (first, again) == (None, None)
        assert second == Deferred("another one-time password is on its way to this number")

    def test_one_to_another_number_does_not(self) -> None:
        known = rules()

        assert known.admit(MessageId(1), otp(), NOON) is None
        assert known.admit(MessageId(2), otp("13900000001"), NOON) is None
        assert known.admit(MessageId(3), other(), NOON) is None

    def test_it_does_not_stand_in_its_own_way(self) -> None:
        known = rules()

        assert [known.admit(MessageId(1), otp(), NOON) for _ in range(3)] == [None] * 3

    def test_one_that_never_comes_back_is_forgotten(self) -> None:
        known = rules()
        known.admit(MessageId(1), otp(), NOON)

        assert known.admit(MessageId(2), otp(), NOON + frequency.UNDER_WAY_S) is None

    def test_what_was_never_admitted_can_be_decided(self) -> None:
        rules().decided(MessageId(1))


def test_memory_is_bounded_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequency, "ROOM", 4)
    known = rules()
    for place in range(50):
        known.count(otp(f"139{place:08}"), NOON)
        known.count(other(f"139{place:08}"), NOON)
        known.admit(MessageId(place), otp(f"138{place:08}"), NOON)

    assert (len(known._otp), len(known._others), len(known._key_of), len(known._under_way)) == (4, 4, 4, 4)
    assert isinstance(admitted(known, otp("13900000049"), NOON), Deferred)
    assert admitted(known, otp("13900000000"), NOON) is None


def test_what_is_counted_late_falls_into_its_own_window() -> None:
    known = rules(otp_per_minute=1)
    known.count(otp(), NOON + MINUTE)
    known.count(otp(), NOON)

    assert isinstance(admitted(known, otp(), NOON + MINUTE), Deferred)
    assert admitted(known, otp(), NOON + 2 * MINUTE) is None


def test_a_clock_that_jumps_back_holds_nobody() -> None:
    known = rules()
    known.count(otp(), NOON)

    assert admitted(known, otp(), NOON - timedelta(days=400).total_seconds()) is None
    assert datetime.fromtimestamp(NOON, UTC).hour == 4

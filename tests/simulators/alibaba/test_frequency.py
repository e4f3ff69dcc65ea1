"""The caps per number of the sending rules."""

import pytest

from smppgw.simulators.alibaba.answers import BusinessError
from smppgw.simulators.alibaba.frequency import DAY_S, Frequency
from smppgw.simulators.alibaba.templates import Template, TemplateType

OTP = Template(code="SMS_1", type=TemplateType.OTP, content="${code}")
NOTE = Template(code="SMS_2", type=TemplateType.NOTIFICATION, content="${a}")
OTHER_NOTE = Template(code="SMS_3", type=TemplateType.NOTIFICATION, content="${a}")
PROMOTION = Template(code="SMS_4", type=TemplateType.PROMOTIONAL, content="${a}")

HOUR_START = 1767322800.0  # 2026-01-02 11:00:00 in Beijing


class Sender:
    """Sends when it may."""

    def __init__(self) -> None:
        self._frequency = Frequency()

    def send(self, now: float, template: Template = OTP, *, sign: str = "阿里云", number: str = "13900000099") -> str:
        """What the platform says: OK or the code and message of the refusal."""
        try:
            self._frequency.check(sign, template, number, now)
        except BusinessError as error:
            return str(error)
        self._frequency.count(sign, template, number, now)
        return "OK"


def test_a_minute_takes_one_password() -> None:
    sender = Sender()

    answers = [sender.send(HOUR_START + seconds) for seconds in (1, 59.9, 60, 61)]

    assert answers == [
        "OK",
        "isv.BUSINESS_LIMIT_CONTROL: 触发分钟级流控Permits:1",
        "OK",
        "isv.BUSINESS_LIMIT_CONTROL: 触发分钟级流控Permits:1",
    ]


def test_an_hour_takes_five_passwords() -> None:
    sender = Sender()

    answers = [sender.send(HOUR_START + minute * 60) for minute in (0, 10, 20, 30, 40, 59, 60)]

    assert answers == ["OK"] * 5 + ["isv.BUSINESS_LIMIT_CONTROL: 触发小时级流控Permits:5", "OK"]


def test_a_day_takes_ten_passwords_from_the_first_on() -> None:
    sender = Sender()
    times = [hour * 3600 + minute * 60 for hour in (1, 2) for minute in range(5)]

    answers = [sender.send(HOUR_START + at) for at in [*times, DAY_S + 3599, DAY_S + 3600]]

    assert answers == ["OK"] * 10 + ["isv.BUSINESS_LIMIT_CONTROL: 触发天级流控Permits:10", "OK"]


def test_a_refused_password_does_not_count() -> None:
    sender = Sender()
    for _ in range(10):
        sender.send(HOUR_START)

    answers = [sender.send(HOUR_START + minute * 60) for minute in range(1, 5)]

    assert answers == ["OK"] * 4


def test_forty_passwords_a_day_over_all_signatures() -> None:
    sender = Sender()

    answers = [sender.send(HOUR_START, sign=f"签名{index}") for index in range(41)]

    assert answers == ["OK"] * 40 + ["isv.BUSINESS_LIMIT_CONTROL: 触发云通信流控限制"]


@pytest.mark.parametrize("template", [NOTE, PROMOTION])
def test_fifty_a_day_of_another_template(template: Template) -> None:
    sender = Sender()

    answers = [sender.send(HOUR_START, template) for _ in range(51)]

    assert answers == ["OK"] * 50 + ["isv.BUSINESS_LIMIT_CONTROL: 触发天级流控Permits:50"]


def test_another_template_or_number_has_its_own_count() -> None:
    sender = Sender()
    for _ in range(50):
        sender.send(HOUR_START, NOTE)

    assert sender.send(HOUR_START, OTHER_NOTE) == "OK"
    assert sender.send(HOUR_START, NOTE, number="13900000098") == "OK"


def test_passwords_of_another_signature_have_their_own_minute() -> None:
    sender = Sender()
    sender.send(HOUR_START)

    assert sender.send(HOUR_START, sign="示例科技") == "OK"

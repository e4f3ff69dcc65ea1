"""What a message is for, told by what an old system can say."""

from typing import Any

import pytest

from smppgw.core.classes import ClassRule, classify
from smppgw.core.model import TrafficClass

OTP, MARKETING, TRANSACTIONAL = TrafficClass.OTP, TrafficClass.MARKETING, TrafficClass.TRANSACTIONAL
TLVS = bytes.fromhex("1500 0001 071501 0003 6f7470")


def told(*rules: ClassRule, **message: Any) -> TrafficClass:
    fields: dict[str, Any] = {"service_type": "", "priority_flag": 0, "vendor_tlvs": b"", "text": "hello"}
    return classify(rules, TRANSACTIONAL, **(fields | message))


@pytest.mark.parametrize(
    ("rule", "message", "fits"),
    [
        ({"service_type": "OTP"}, {"service_type": "OTP"}, True),
        ({"service_type": "OTP"}, {"service_type": "otp"}, False),
        ({"service_type": ""}, {}, True),
        ({"priority_flag": 3}, {"priority_flag": 3}, True),
        ({"priority_flag": 0}, {"priority_flag": 3}, False),
        ({"tlv": (0x1501, None)}, {"vendor_tlvs": TLVS}, True),
        ({"tlv": (0x1501, b"otp")}, {"vendor_tlvs": TLVS}, True),
        ({"tlv": (0x1501, b"ot")}, {"vendor_tlvs": TLVS}, False),
        ({"tlv": (0x1502, None)}, {"vendor_tlvs": TLVS}, False),
        ({"tlv": (0x1501, None)}, {"vendor_tlvs": TLVS[:7]}, False),  # cut in the middle of a header
        ({"text": "hello".__eq__}, {}, True),
        ({"text": "hello".__eq__}, {"text": "bye"}, False),
        ({"text": "hello".__eq__, "priority_flag": 1}, {}, False),
    ],
)
def test_every_field_of_a_rule_must_hold(rule: dict[str, Any], message: dict[str, Any], fits: bool) -> None:
    assert told(ClassRule(traffic_class=OTP, **rule), **message) is (OTP if fits else TRANSACTIONAL)


def test_the_first_rule_that_fits_decides() -> None:
    rules = (
        ClassRule(traffic_class=MARKETING, service_type="PROMO"),
        ClassRule(traffic_class=OTP, priority_flag=3),
        ClassRule(traffic_class=MARKETING, priority_flag=3),
    )

    assert told(*rules, priority_flag=3) is OTP
    assert told(*rules, priority_flag=3, service_type="PROMO") is MARKETING

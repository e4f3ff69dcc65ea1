"""What Alibaba pushes, in every form it comes in; nothing that comes makes the reading fail."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.alibaba.beijing import BEIJING
from smppgw.carriers.alibaba.codes import ENDINGS
from smppgw.carriers.alibaba.pushes import ANSWER, read_globe, read_mainland
from smppgw.carriers.base import Pushes
from smppgw.core.codes import ErrorCode
from smppgw.core.model import BatchId, CarrierRef, Outcome
from smppgw.core.values import Secret
from smppgw.core.verdict import Inbound, PushContents, PushedReport
from tests.carriers.alibaba.builders import globe, mainland, reply

AT = datetime(2017, 1, 1, 0, 0, 5, tzinfo=BEIJING).timestamp()

SMS_REPORT = """[{"phone_number":"13811110000","send_time":"2017-01-01 00:00:00","report_time":"2017-01-01 00:00:05",
    "success":true,"err_code":"DELIVERED","err_msg":"用户接收成功","sms_size":"1","biz_id":"12345678","out_id":"67890"}]"""
"""The sample of the documentation, with the stars of its number filled in."""
SMS_UP = """[{"phone_number":"13811110000","content":"内容","send_time":"2017-09-01 00:00:00","dest_code":"1234",
    "sequence_id":"1234567890"}]"""
GLOBE = """[{"To":"6581230000","SendDate":"Sun, 01 Jan 2017 00:00:00 +0800",
    "ReceiveDate":"Sun, 01 Jan 2017 00:00:05 +0800","Status":"1","ErrorCode":"success","ErrorDescription":"x",
    "TaskId":"67890","SmsSize":"2","MessageId":"1008030300"}]"""
GLOBE_SMS_REPORT = """{"to":"6581230000","status":"1","message_id":"1008030300","send_date":"2017-01-01 00:00:00",
    "receive_date":"2017-01-01 00:00:05","error_code":"DELIVERED","error_description":"success"}"""


def body(*rows: Any) -> bytes:
    return msgspec.json.encode(rows)


def sms(**changes: Any) -> dict[str, Any]:
    (row,) = msgspec.json.decode(SMS_REPORT)
    return {name: value for name, value in (row | changes).items() if value is not None}


def intl(**changes: Any) -> dict[str, Any]:
    (row,) = msgspec.json.decode(GLOBE)
    return {name: value for name, value in (row | changes).items() if value is not None}


def report_of(row: dict[str, Any]) -> PushedReport:
    contents = (read_globe if "To" in row else read_mainland)(body(row))
    assert contents.unreadable == 0
    (report,) = contents.reports
    return report


def test_the_sample_of_a_mainland_receipt() -> None:
    assert read_mainland(SMS_REPORT.encode()) == PushContents(
        reports=(
            PushedReport(
                batch=BatchId("67890"),
                ref=CarrierRef("12345678"),
                recipient="8613811110000",
                outcome=Outcome.DELIVERED,
                final=True,
                detail="DELIVERED",
                at=AT,
                parts=1,
            ),
        )
    )


def test_the_sample_of_an_inbound_text() -> None:
    assert read_mainland(SMS_UP.encode()) == PushContents(
        inbound=(
            Inbound(
                key="1234567890",
                sender="+8613811110000",
                destination="1234",
                text="内容",
                at=datetime(2017, 9, 1, tzinfo=BEIJING).timestamp(),
            ),
        )
    )


def test_the_sample_of_an_international_receipt() -> None:
    assert read_globe(GLOBE.encode()) == PushContents(
        reports=(
            PushedReport(
                batch=BatchId("67890"),
                ref=CarrierRef("1008030300"),
                recipient="6581230000",
                outcome=Outcome.DELIVERED,
                final=True,
                detail="success",
                at=AT,
                parts=2,
            ),
        )
    )


def test_the_queue_form_of_an_international_receipt() -> None:
    (report,) = read_globe(GLOBE_SMS_REPORT.encode()).reports

    assert (report.batch, report.ref, report.recipient) == (None, "1008030300", "6581230000")
    assert (report.outcome, report.final, report.at, report.parts) == (Outcome.DELIVERED, True, AT, None)


@pytest.mark.parametrize("number", ["13811110000", "+8613811110000", "8613811110000", "008613811110000", 13811110000])
def test_a_mainland_number_is_one_number_however_it_is_written(number: str | int) -> None:
    assert report_of(sms(phone_number=number)).recipient == "8613811110000"


def test_a_number_of_hong_kong_keeps_its_country_code() -> None:
    assert report_of(sms(phone_number="85251110000")).recipient == "85251110000"


@pytest.mark.parametrize("number", ["6581230000", "+6581230000", 6581230000])
def test_an_international_number_may_come_with_a_plus_or_as_a_number(number: str | int) -> None:
    assert report_of(intl(To=number)).recipient == "6581230000"


@pytest.mark.parametrize(("success", "outcome"), [(True, 2), ("true", 2), ("True", 2), (False, 5), ("false", 5)])
def test_success_may_be_text(success: object, outcome: int) -> None:
    assert report_of(sms(success=success, err_code="UNDELIV")).outcome == outcome


def test_success_counts_more_than_the_code() -> None:
    assert report_of(sms(success=True, err_code="UNDELIV")).outcome is Outcome.DELIVERED
    assert report_of(sms(success=False, err_code="DELIVERED")).outcome is Outcome.UNDELIVERABLE


@pytest.mark.parametrize("code", ENDINGS)
def test_each_receipt_code_means_what_it_means_in_polls(code: str) -> None:
    pushed = [report_of(sms(success=False, err_code=code)), report_of(intl(Status="2", ErrorCode=code))]

    end = ENDINGS[code]
    assert [(one.outcome, one.error, one.nothing_left, one.final) for one in pushed] == 2 * [
        (end.outcome, end.error, end.nothing_left, True)
    ]


def test_an_unknown_code_is_no_delivery() -> None:
    report = report_of(sms(success=False, err_code="ZZ:9999"))

    assert (report.outcome, report.error, report.detail) == (
        Outcome.UNDELIVERABLE, ErrorCode.UNKNOWN_STATUS, "ZZ:9999",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code", "received", "outcome"),
    [
        ("1", "success", True, Outcome.DELIVERED),
        (1, "DELIVERED", True, Outcome.DELIVERED),
        ("3", "DELIVRD", True, Outcome.DELIVERED),  # 3 was "delivered" once: the code decides
        ("1", "success", False, None),  # delivered when? a poll will say
        ("1", "", True, None),  # 1 was "submitted" once
        ("3", "", False, None),
        ("2", "UNDELIV", True, Outcome.UNDELIVERABLE),
        (2, "REJECTD", False, Outcome.REJECTED),
        ("6", "", False, Outcome.EXPIRED),
        ("6", "EXPIRED", True, Outcome.EXPIRED),
        ("9", "UNDELIV", True, None),
    ],
)
def test_the_code_decides_and_status_only_where_it_is_sure(
    status: object, code: str, received: bool, outcome: Outcome | None
) -> None:
    changes: dict[str, Any] = {"Status": status, "ErrorCode": code} | ({} if received else {"ReceiveDate": None})

    report = report_of(intl(**changes))

    assert report.final is (outcome is not None)
    assert report.outcome is (outcome or Outcome.ENROUTE)


@pytest.mark.parametrize("missing", ["send_time", "report_time", "err_code", "err_msg", "sms_size", "biz_id", "out_id"])
def test_a_field_that_may_be_missing_may_be_missing(missing: str) -> None:
    assert report_of(sms(**{missing: None})).outcome is Outcome.DELIVERED


@pytest.mark.parametrize("missing", ["SendDate", "ErrorDescription", "SmsSize", "TaskId", "MessageId"])
def test_so_may_one_of_an_international_receipt(missing: str) -> None:
    assert report_of(intl(**{missing: None})).outcome is Outcome.DELIVERED


@pytest.mark.parametrize("size", ["", "many", 0, -1, 1.5, True, [1], "1000", None])
def test_a_size_that_is_no_small_count_is_not_known(size: object) -> None:
    assert report_of(sms(sms_size=size)).parts is None


@pytest.mark.parametrize("when", ["", "yesterday", 5, "9999-99-99 00:00:00"])
def test_a_time_that_is_none_is_not_known(when: object) -> None:
    assert report_of(sms(report_time=when)).at is None


@pytest.mark.parametrize(
    "row",
    [
        None, 1, "x", [], {}, {"phone_number": "13811110000"},
        sms(phone_number="1381111****"), sms(phone_number=""), sms(success=None), sms(success="perhaps"),
        sms(biz_id=None, out_id=None), sms(phone_number=[1]), sms(phone_number=True),
        {"phone_number": "13811110000", "dest_code": "1234"},
        {"phone_number": "13811110000", "dest_code": "", "content": "x"},
        {"phone_number": "13811110000", "dest_code": "a b", "content": "x"},
        {"phone_number": "13811110000", "dest_code": "1234", "content": 5},
    ],
)  # fmt: skip
def test_a_bad_row_spoils_only_itself(row: object) -> None:
    contents = read_mainland(body(sms(), row, sms()))

    assert (len(contents.reports), contents.unreadable) == (2, 1)


@pytest.mark.parametrize("row", [intl(To=None), intl(To="x"), intl(Status=None), intl(TaskId=None, MessageId=None), 7])
def test_a_bad_international_row_spoils_only_itself(row: object) -> None:
    contents = read_globe(body(intl(), row))

    assert (len(contents.reports), contents.unreadable) == (1, 1)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"null",
        b"7",
        b'"x"',
        b"{",
        b"[1,",
        b"\xff\xfe",
        b"<html></html>",
        b"[" * 100_000,
        b'["\\ud800"]',
        b'["\\ud800x"]',
        b'["\\udc00"]',
        b"[1e999]",
    ],
)
def test_a_body_that_is_no_json_is_only_counted(garbage: bytes) -> None:
    assert read_mainland(garbage) == read_globe(garbage) == PushContents(unreadable=1)


def test_an_empty_array_says_nothing() -> None:
    assert read_mainland(b"[]") == read_globe(b"[]") == PushContents()


def test_the_message_of_an_error_never_shows() -> None:
    report = report_of(sms(success=False, err_code="phone 13811110000 refused", err_msg="secret text"))

    assert report.detail == ""
    assert "13811110000" not in repr(report).replace("8613811110000", "")


@pytest.mark.parametrize("number", [1234567890, "1234567890"])
def test_the_number_of_an_inbound_text_may_be_a_number(number: object) -> None:
    (row,) = msgspec.json.decode(SMS_UP)

    (text,) = read_mainland(body(row | {"sequence_id": number, "sign_name": "示例"})).inbound

    assert text.key == "1234567890"


def test_an_inbound_text_without_a_number_has_a_key_of_its_own_that_stays_the_same() -> None:
    (row,) = msgspec.json.decode(SMS_UP)
    del row["sequence_id"]

    texts = [
        read_mainland(body(row | changes)).inbound[0]
        for changes in ({}, {}, {"content": "x"}, {"dest_code": "5"}, {"send_time": "2017-09-01 00:00:01"})
    ]

    assert texts[0].key == texts[1].key
    assert len({text.key for text in texts}) == 4


names = st.sampled_from(["phone_number", "success", "To", "Status", "content", "dest_code", "biz_id", "x"])
documents = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(names, inner),
)


@given(st.binary(max_size=200) | documents.map(msgspec.json.encode))
def test_nothing_that_comes_makes_the_reading_fail(octets: bytes) -> None:
    for contents in (read_mainland(octets), read_globe(octets)):
        for text in contents.inbound:
            text.text.encode()


def test_the_pusher_hears_what_it_wants_to_hear() -> None:
    assert ANSWER.content_type == "application/json"
    assert msgspec.json.decode(ANSWER.body) == {"code": 0, "msg": "接收成功"}


def test_both_carriers_can_be_pushed_to() -> None:
    for carrier, sample in ((mainland(reply()), SMS_REPORT), (globe(reply()), GLOBE)):
        assert isinstance(carrier, Pushes)
        assert len(carrier.read_push(sample.encode(), "application/json").reports) == 1
        assert carrier.push_answer is ANSWER


def test_a_doubt_abroad_waits_for_pushes_only_where_some_can_come() -> None:
    without = globe(reply(), push_wait="2h")
    with_pushes = globe(reply(), push_wait="2h", push_secret=Secret("s" * 20))

    assert (without.limits.push_wait_s, with_pushes.limits.push_wait_s) == (None, 7200.0)

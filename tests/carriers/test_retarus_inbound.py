"""Inbound texts of Retarus in every form they may come in; nothing that comes makes the reading fail."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.base import Pushes
from smppgw.carriers.retarus import RetarusConfig
from smppgw.carriers.retarus.adapter import Retarus
from smppgw.carriers.retarus.config import InboundFields
from smppgw.carriers.retarus.inbound import read
from smppgw.core.values import Secret
from smppgw.core.verdict import Inbound, PushContents

FIELDS = {
    "cuNo": "12345",
    "smsId": "I.20221116-102407.583-0lajfsfmoXIZJO93PQ",
    "storeTs": "2022-11-16T10:24:07.583+01:00",
    "src": "+4917600000001",
    "dst": "+4915799912345",
    "text": "STOP & <go>",
}
EXPECTED = Inbound(
    key=FIELDS["smsId"],
    sender="+4917600000001",
    destination="+4915799912345",
    text="STOP & <go>",
    at=datetime(2022, 11, 16, 9, 24, 7, 583000, tzinfo=UTC).timestamp(),
)
XML, JSON, FORM = "application/xml", "application/json; charset=utf-8", "application/x-www-form-urlencoded"


def element(name: str, value: str) -> str:
    return f"<{name}>{value.replace('&', '&amp;').replace('<', '&lt;')}</{name}>"


def xml(
    inner: str = "", *, head: str = '<?xml version="1.0" encoding="UTF-8"?>', prefix: str = "", **changes: str
) -> bytes:
    fields = "".join(element(prefix + name, value) for name, value in (FIELDS | changes).items())
    return f"{head}<sms>{inner}{fields}</sms>".encode()


def contents(body: bytes, content_type: str = XML, fields: InboundFields | None = None) -> PushContents:
    return read(body, content_type, fields or InboundFields())


def one(body: bytes, content_type: str = XML) -> Inbound:
    found = contents(body, content_type)
    assert found.unreadable == 0
    (text,) = found.inbound
    return text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(xml(), XML, id="xml"),
        pytest.param(xml(), "", id="no content type"),
        pytest.param(xml(), "text/xml;charset=UTF-8", id="text/xml"),
        pytest.param(xml(prefix="ns2:"), XML, id="prefixed"),
        pytest.param(b"<a:Outer xmlns:a='urn:x'><a:Body>" + xml(head="") + b"</a:Body></a:Outer>", XML, id="wrapped"),
        pytest.param(xml().decode().encode("utf-16"), XML, id="utf-16"),
        pytest.param(xml(text="X").replace(b">X<", b"><![CDATA[STOP & <go>]]><"), XML, id="cdata"),
        pytest.param(msgspec.json.encode(FIELDS), JSON, id="json"),
        pytest.param(msgspec.json.encode({"inbound": [FIELDS]}), JSON, id="json, wrapped"),
        pytest.param(msgspec.json.encode(FIELDS | {"cuNo": 12345}), JSON, id="json, a number"),
        pytest.param(urlencode(FIELDS).encode(), FORM, id="form"),
    ],
)  # fmt: skip
def test_a_text_is_read_whatever_is_around_its_fields(body: bytes, content_type: str) -> None:
    if body.startswith(b"\xff\xfe"):
        body = body.decode("utf-16").replace("UTF-8", "UTF-16").encode("utf-16")

    assert one(body, content_type) == EXPECTED


def test_fields_may_be_attributes() -> None:
    assert one(b'<sms smsId="1" type="x" src="123" dst="456" text="a&#10;b"/>').text == "a\nb"


def test_names_that_are_none_of_ours_separate_nothing() -> None:
    typed = xml().replace(b"<smsId>", b'<smsId type="s">').replace(b"<src>", b'<src type="s">')

    assert one(typed) == EXPECTED


@pytest.mark.parametrize("content_type", [XML, JSON])
def test_several_texts_in_one_body_are_several(content_type: str) -> None:
    if content_type == XML:
        body = b"<list>" + xml(head="") + xml(head="", smsId="2") + b"</list>"
    else:
        body = msgspec.json.encode([FIELDS, FIELDS | {"smsId": "2"}])

    assert [text.key for text in contents(body, content_type).inbound] == [FIELDS["smsId"], "2"]


def test_names_can_be_configured() -> None:
    fields = InboundFields(id="id", time="when", sender="from", destination="to", text="body")
    body = msgspec.json.encode({"ID": 7, "from": "+4917600000001", "to": "1234", "body": "x", "text": "other"})

    assert contents(body, JSON, fields).inbound == (
        Inbound(key="7", sender="+4917600000001", destination="1234", text="x"),
    )


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("+4917600000001", "+4917600000001"),
        ("004917600000001", "+4917600000001"),
        ("4917600000001", "+4917600000001"),
        ("+49 176 00000001", "+4917600000001"),
        ("0176000001", "0176000001"),  # whose country? as it is
        ("1234", "1234"),
        ("My Shop", "My Shop"),
    ],
)
def test_only_what_is_certainly_international_is_written_so(written: str, read_as: str) -> None:
    assert one(xml(src=written)).sender == read_as


@pytest.mark.parametrize("written", ["2022-11-16", "2022-11-16T10:24:07"])
def test_a_time_without_a_zone_is_utc(written: str) -> None:
    assert one(xml(storeTs=written)).at == datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize("written", ["", "yesterday", "99999-01-01"])
def test_a_time_that_is_none_is_not_known(written: str) -> None:
    assert one(xml(storeTs=written)).at is None


def test_an_empty_text_is_a_text() -> None:
    assert one(xml(text="")).text == ""


@pytest.mark.parametrize("missing", ["smsId", "src", "dst", "text"])
@pytest.mark.parametrize("content_type", [XML, JSON, FORM])
def test_what_lacks_a_field_is_no_text_and_spoils_only_itself(missing: str, content_type: str) -> None:
    less = {name: value for name, value in FIELDS.items() if name != missing}
    bodies = {
        XML: ("<sms>" + "".join(element(name, value) for name, value in less.items()) + "</sms>").encode(),
        JSON: msgspec.json.encode(less),
        FORM: urlencode(less).encode(),
    }

    assert contents(bodies[content_type], content_type) == PushContents(unreadable=1)
    assert contents(msgspec.json.encode([less, FIELDS]), JSON) == PushContents(inbound=(EXPECTED,), unreadable=1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE sms [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE sms [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE sms SYSTEM "http://192.0.2.1/x.dtd">',
        "<!DOCTYPE sms>",
    ],
)
def test_a_document_type_is_refused_whatever_it_declares(declaration: str, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>{declaration}'
    body = xml(head=head, text="TEXT").decode().replace("TEXT", "&b;&x;").encode(encoding)

    assert contents(body) == PushContents(unreadable=1)


@pytest.mark.parametrize(
    ("garbage", "content_type"),
    [
        (b"", XML), (b"<sms>", XML), (b"hello", XML), (b"<sms/>", XML), (b"\xff\xff", XML), (b"<a>&b;</a>", XML),
        (b"<a>\x00</a>", XML), (b"<a>&#xD800;</a>", XML), (b"<?xml version='1.0' encoding='x'?><a/>", XML),
        (b"", JSON), (b"null", JSON), (b"[]", JSON), (b"{", JSON), (b"[" * 100_000, JSON),
        (b"[" * 900 + b"]" * 900, JSON),
        (b"", FORM), (b"\xff", FORM), (b"a=1", FORM),
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_only_counted(garbage: bytes, content_type: str) -> None:
    assert contents(garbage, content_type) == PushContents(unreadable=1)


def test_ten_thousand_elements_inside_each_other_are_read_past() -> None:
    assert one(xml(inner="<a>" * 10_000 + "</a>" * 10_000)) == EXPECTED


@given(st.binary(max_size=200), st.sampled_from([XML, JSON, FORM, "", "x"]))
def test_nothing_that_comes_makes_the_reading_fail(octets: bytes, content_type: str) -> None:
    for text in contents(octets, content_type).inbound:
        text.text.encode()


def test_the_carrier_can_be_pushed_to() -> None:
    config = RetarusConfig(username="login", password=Secret("x"))
    carrier = Retarus("retarus", config, clock=lambda: 0.0, monotonic=lambda: 0.0)

    assert isinstance(carrier, Pushes)
    assert carrier.read_push(xml(), XML) == PushContents(inbound=(EXPECTED,))

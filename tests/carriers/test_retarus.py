"""Retarus: jobs as the manual has them, every status, doubts looked up, datacentres chosen."""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import gsm0338
import httpx2 as httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from smppgw.carriers.base import Carrier
from smppgw.carriers.http import Observer
from smppgw.carriers.retarus import Retarus, RetarusConfig
from smppgw.carriers.retarus.status import Row, state_of
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, BatchId, CarrierRef, DoubtRule, Message, Outcome, Sent
from smppgw.core.values import Secret
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, Rejected, StatusReport, Verdict
from tests.carriers.contract import (
    BATCH,
    NOW,
    CarrierContract,
    Handler,
    Wire,
    answering,
    message,
    sent_of,
    silent,
)

JOB = CarrierRef("J.20220928-125820.020-0l8likuetGNOTM4A4U")
OTHER_JOB = "J.20220928-125821.020-0l8likuetGNOTM4A4V"
DE2, DE1, EU = (f"https://sms4a.{name}.retarus.com" for name in ("de2", "de1", "eu"))
PASSWORD = "Pass-word.9Zq"


def config(**changes: Any) -> RetarusConfig:
    return RetarusConfig.model_validate({"username": "login-7", "password": PASSWORD, **changes})


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def retarus(handler: Handler = silent, *, clock: Clock | None = None, **changes: Any) -> Retarus:
    return Retarus(
        "retarus",
        config(**changes),
        clock=clock or Clock(),
        monotonic=lambda: 0.0,
        transport=httpx.MockTransport(handler),
    )


def batch(*messages: Message) -> Batch:
    return Batch(id=BATCH, messages=messages)


def body_of(*messages: Message, **changes: Any) -> dict[str, Any]:
    attempt = retarus(**changes).prepare(batch(*messages), NOW)
    document: dict[str, Any] = json.loads(attempt.body)
    return document


def options_of(*messages: Message, **changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = body_of(*messages, **changes)["options"]
    return options


HELLO = message(11, "4915112340001", "Hello")


class TestContract(CarrierContract):
    secrets: ClassVar[Sequence[str]] = (
        PASSWORD,
        "Rotated.8Yx",
        base64.b64encode(f"login-7:{PASSWORD}".encode()).decode(),
        base64.b64encode(b"login-7:Rotated.8Yx").decode(),
    )
    ref = JOB

    async def make(self, transport: httpx.AsyncBaseTransport, *, observer: Observer, rotated: bool = False) -> Carrier:
        settings = config(password="Rotated.8Yx") if rotated else config()
        return Retarus(
            "retarus", settings, clock=lambda: NOW, monotonic=lambda: 5.0, observer=observer, transport=transport
        )

    def samples(self) -> tuple[Message, ...]:
        return (
            message(101, "4915112345678", "Your code is 4711-XY"),
            message(102, "4915112345679", "Your code is 4711-XY"),
            message(103, "4915112345680", "Dear Ms Doe, your parcel waits"),
        )

    def success(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json={"jobId": JOB})

    def final(self, request: httpx.Request) -> httpx.Response:
        strangers = (message(999, "4915112345678", "x"), message(101, "4917700000000", "x"))
        rows = [row(one, "DONE", "SUC_FIN") for one in (*strangers, *reversed(self.samples()))]
        return httpx.Response(200, json=rows)


def row(one: Message, process_status: str | None, status: str | None, **changes: Any) -> dict[str, Any]:
    return {
        "smsId": "S.20220928-125820.022-0l8likueyRB3CT8FTG",
        "dst": "+" + one.recipient,
        "processStatus": process_status,
        "status": status,
        "customerRef": str(one.id),
        "reason": "",
        "sentTs": "2023-11-14T22:13:25.000Z",
        "finishedTs": "2023-11-14T22:13:30.500Z",
        **changes,
    }


# Configuration.


def test_defaults_are_those_of_the_contract() -> None:
    settings = config()

    carrier = retarus()

    assert settings.base_urls.de2 == "https://sms4a.de2.retarus.com/rest/v1"
    assert (carrier.limits.max_messages, carrier.limits.max_in_flight, carrier.limits.calls_per_s) == (500, 4, 20.0)
    assert (carrier.limits.fence_s, carrier.limits.linger_s) == (540.0, 0.0)
    assert (carrier.polls.backoff.first_s, carrier.polls.backoff.factor, carrier.polls.backoff.longest_s) == (
        5,
        1.6,
        300,
    )
    assert (carrier.polls.deadline_s, carrier.on_doubt) == (49 * 3600.0, DoubtRule.UNKNOWN)


@pytest.mark.parametrize(
    "changes",
    [
        {"send_to": "us"},
        {"max_batch": 3001},
        {"max_batch": 0},
        {"billcode": "b" * 71},
        {"billcodes": {"legacy": ""}},
        {"billcodes": "legacy"},
        {"blackout": {"legacy": ["20:00-08:00"]}},
        {"blackout": {"legacy": [2000]}},
        {"blackout": {"legacy": ["20:00-08:00 UTC", "08:00-20:00 UTC"]}},
        {"blackout": ["20:00-08:00 UTC"]},
        {"username": "a:b"},
        {"username": ""},
        {"password": None},
        {"calls_per_s": "0/s"},
        {"send_timeout": "soon"},
        {"base_urls": {"de2": "sms4a.de2.retarus.com"}},
        {"base_urls": {"de2": "https://user:pw@sms4a.de2.retarus.com/"}},
        {"base_urls": {"de2": "https://sms4a.de2.retarus.com/?a=b"}},
        {"base_urls": {"us": "https://sms4a.us.retarus.com"}},
        {"pasword": "x"},
    ],
)
def test_a_faulty_section_is_refused(changes: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**changes)


def test_a_password_in_a_file_needs_no_password_here() -> None:
    settings = RetarusConfig.model_validate({"username": "u", "password_file": "secret.txt"})

    assert settings.password is None


def test_the_password_hides_in_the_section() -> None:
    assert PASSWORD not in repr(config())
    assert config().password == Secret(PASSWORD)


def test_without_a_loaded_password_there_is_no_carrier() -> None:
    settings = RetarusConfig.model_validate({"username": "u", "password_file": "secret.txt"})

    with pytest.raises(ValueError, match="password"):
        Retarus("retarus", settings, clock=lambda: NOW, monotonic=lambda: 0.0)


def test_the_shared_name_has_no_fence() -> None:
    # A repeat may be led to the datacentre that does not know the first copy.
    assert retarus(send_to="eu").limits.fence_s is None


def test_a_fence_can_be_switched_off() -> None:
    carrier = retarus(fence=False)

    assert carrier.limits.fence_s is None
    assert options_of(HELLO, fence=False)["duplicateDetection"] is False


# Jobs.


def test_a_job_says_everything_that_the_login_could_decide_otherwise() -> None:
    job = body_of(HELLO)

    assert job == {
        "options": {
            "encoding": "STANDARD",
            "statusRequested": True,
            "flash": False,
            "customerRef": BATCH,
            "validityMin": 1442,
            "maxParts": 1,
            "invalidCharacters": "TO_UTF16",
            "qos": "NORMAL",
            "duplicateDetection": True,
        },
        "messages": [{"text": "Hello", "recipients": [{"dst": "+4915112340001", "customerRef": "11"}]}],
    }


def test_equal_texts_share_one_entry() -> None:
    other, again = message(12, "4915112340002", "Bye"), message(13, "4915112340003", "Hello")

    job = body_of(HELLO, other, again)

    assert [(entry["text"], [to["customerRef"] for to in entry["recipients"]]) for entry in job["messages"]] == [
        ("Hello", ["11", "13"]),
        ("Bye", ["12"]),
    ]


@pytest.mark.parametrize(
    ("text", "parts", "most"),
    [
        ("x" * 70, 1, 1),
        ("x" * 71, 1, 2),  # in UTF-16 it has two, of 67 at most
        ("x" * 400, 3, 6),
        ("x" * 1340, 9, 20),
        ("€" * 70, 1, 1),
        ("您" * 71, 2, 2),
        ("😀" * 400, 12, 12),
    ],
)
def test_no_text_has_more_parts_than_the_job_allows_even_if_it_is_made_utf_16(text: str, parts: int, most: int) -> None:
    options = options_of(message(12, "4915112340002", text, parts=parts), message(13, "4915112340003", text[0]))

    assert (options["maxParts"], options["invalidCharacters"]) == (most, "TO_UTF16")


def test_a_text_that_would_be_cut_as_utf_16_is_rather_refused() -> None:
    options = options_of(message(12, "4915112340002", "x" * 1341, parts=9))

    assert (options["maxParts"], options["invalidCharacters"]) == (20, "REFUSE")


@pytest.mark.parametrize(("account", "code"), [("legacy", "B-1"), ("shop", "S-9")])
def test_a_billcode_travels_with_each_job(account: str, code: str) -> None:
    one = replace(HELLO, account=account)

    assert options_of(one, billcode="B-1", billcodes={"shop": "S-9"})["billcode"] == code


def test_an_account_may_have_a_billcode_where_others_have_none() -> None:
    changes = {"billcodes": {"shop": "S-9"}}

    assert "billcode" not in options_of(HELLO, **changes)
    assert options_of(replace(HELLO, account="shop"), **changes)["billcode"] == "S-9"


def test_hours_without_delivery_are_said_for_as_long_as_the_messages_can_wait() -> None:
    # NOW is 14 November, 22:13 UTC; the message is valid for a day, and a day is added.
    options = options_of(HELLO, blackout={"legacy": ["20:00-08:00 Europe/Berlin"], "shop": "12:00-13:00 UTC"})

    assert options["blackoutPeriods"] == [
        "2023-11-14T19:00Z/2023-11-15T07:00Z",
        "2023-11-15T19:00Z/2023-11-16T07:00Z",
        "2023-11-16T19:00Z/2023-11-17T07:00Z",
    ]


def test_an_account_without_such_hours_says_nothing_of_them() -> None:
    assert "blackoutPeriods" not in options_of(HELLO, blackout={"shop": "12:00-13:00 UTC"})


def test_hours_without_delivery_put_the_deadline_off_by_a_day() -> None:
    assert retarus(blackout={"shop": "12:00-13:00 UTC"}).polls.deadline_s == 73 * 3600.0


@pytest.mark.parametrize(
    ("sender", "is_number", "src"),
    [("4930123", True, "+4930123"), ("ACME", False, "ACME"), ("80808", False, "80808"), ("", False, None)],
)
def test_the_sender_is_written_as_retarus_takes_it(sender: str, is_number: bool, src: str | None) -> None:
    one = message(1, "4915112340001", "x", sender=sender, sender_is_number=is_number)

    assert options_of(one).get("src") == src


@pytest.mark.parametrize(
    ("sender", "is_number"),
    [("ACME Company", False), ("Müller", False), ("A\nB", False), ("1" * 21, True), ("1" * 21, False)],
)
def test_a_sender_that_retarus_refuses_is_refused_early(sender: str, is_number: bool) -> None:
    refusal = retarus().check(message(1, "4915112340001", "x", sender=sender, sender_is_number=is_number))

    assert isinstance(refusal, Rejected)
    assert refusal.error is ErrorCode.SENDER_REFUSED


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"parts": 21}, ErrorCode.PARAMETER_REFUSED),
        ({"recipient": "49151x"}, ErrorCode.INVALID_NUMBER),
        ({"recipient": "1" * 16}, ErrorCode.INVALID_NUMBER),
        ({"recipient": "٤٩١٥١"}, ErrorCode.INVALID_NUMBER),
        ({"text": "\udc00"}, ErrorCode.PARAMETER_REFUSED),
    ],
)
def test_what_retarus_never_takes_is_refused_early(changes: Mapping[str, Any], error: ErrorCode) -> None:
    values = {"recipient": "4915112340001", "text": "x", **changes}

    refusal = retarus().check(message(1, **values))

    assert isinstance(refusal, Rejected)
    assert refusal.error is error


def test_twenty_parts_are_taken() -> None:
    assert retarus().check(message(1, "4915112340001", "x" * 3060, parts=20)) is None


def encoding_of(text: str) -> str:
    encoding: str = options_of(message(1, "4915112340001", text))["encoding"]
    return encoding


def is_gsm(character: str) -> bool:
    try:
        gsm0338.Codec().encode(character)
    except UnicodeEncodeError:
        return False
    return True


def test_the_alphabet_is_that_of_an_independent_codec() -> None:
    carrier = retarus()
    characters = [chr(code) for code in range(0x3000) if chr(code) != "\x1b"]

    standard = {one for one in characters if "STANDARD" in carrier.group_key(message(1, "49151", one))}  # type: ignore[operator] # a group key is opaque, this one is a tuple

    assert standard == {one for one in characters if is_gsm(one)}


@pytest.mark.parametrize(
    "text", ["plain", "Grüße für 5 €", "[x] {y} ~ ^ | \\ \f", "@£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\r\n"]
)
def test_gsm_text_is_standard(text: str) -> None:
    assert encoding_of(text) == "STANDARD"


@pytest.mark.parametrize("text", ["ç", "`", "您好", "😀", "a\tb", "\x00", "\x1b", "ê", "…"])
def test_any_other_character_makes_it_utf_16(text: str) -> None:
    assert encoding_of("abc" + text) == "UTF-16"


def test_flash_is_said() -> None:
    assert options_of(message(1, "4915112340001", "x", flash=True))["flash"] is True


@pytest.mark.parametrize(("priority", "qos"), [(0, "NORMAL"), (2, "NORMAL"), (3, "EXPRESS")])
def test_high_priority_is_express_where_the_operator_says_so(priority: int, qos: str) -> None:
    assert options_of(message(1, "4915112340001", "x", priority_flag=priority), express_from=3)["qos"] == qos


def test_express_is_off_unless_asked_for() -> None:
    assert options_of(message(1, "4915112340001", "x", priority_flag=255))["qos"] == "NORMAL"


@pytest.mark.parametrize(
    ("validity_s", "waited_s", "expected_min"),
    [
        # NOW is 22:13:20.
        (600, 0, 11),  # ends 22:23:20, rounded up to 22:24: 10 min 40 s
        (600, 570, 5),  # half a minute is left: five is the shortest
        (172_800, 36_000, 2282),  # ends 22:13:20, rounded up to 22:15; at 08:13:20 that is 38 h 1 min 40 s away
        (604_800, 0, 2880),  # two days are the longest
        (-5, 0, 5),
    ],
)
def test_validity_is_what_is_left_in_minutes(validity_s: float, waited_s: float, expected_min: int) -> None:
    one = message(1, "4915112340001", "x", expires_at=NOW + validity_s)

    attempt = retarus().prepare(batch(one), NOW + waited_s)

    assert json.loads(attempt.body)["options"]["validityMin"] == expected_min


@given(validity_s=st.floats(300, 172_800), accepted_at=st.floats(NOW, NOW + 86_400))
@settings(max_examples=200, deadline=None)
def test_rounding_never_shortens_and_hardly_lengthens_a_validity(validity_s: float, accepted_at: float) -> None:
    one = message(1, "4915112340001", "x", accepted_at=accepted_at, expires_at=accepted_at + validity_s)

    attempt = retarus().prepare(batch(one), accepted_at)

    minutes = json.loads(attempt.body)["options"]["validityMin"]
    assert minutes >= min(validity_s / 60, 2880)
    assert minutes <= validity_s / 60 * (1 + 1 / 64) + 2


def test_a_campaign_accepted_over_minutes_travels_together() -> None:
    carrier = retarus()
    day = [
        message(n, "4915112340001", "x", accepted_at=NOW - 600 + 30 * n, expires_at=NOW - 600 + 30 * n + 86_400)
        for n in range(20)
    ]

    assert len({carrier.group_key(one) for one in day}) <= 2


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "ACME"},
        {"flash": True},
        {"text": "您好"},
        {"expires_at": NOW + 3600},
        {"priority_flag": 3},
        {"account": "shop"},
        {"account": "bank"},
    ],
)
def test_what_a_job_says_once_keeps_messages_apart(changes: Mapping[str, Any]) -> None:
    carrier = retarus(express_from=3, billcodes={"shop": "S-9"}, blackout={"bank": ["20:00-08:00 UTC"]})
    values = {"text": "x", **changes}

    assert carrier.group_key(message(1, "4915112340001", "x")) != carrier.group_key(
        message(1, "4915112340001", **values)
    )


def test_accounts_of_the_same_bill_and_the_same_hours_travel_together() -> None:
    night = ["20:00-08:00 Europe/Berlin"]
    carrier = retarus(billcode="B", billcodes={"shop": "B"}, blackout={"legacy": night, "shop": night[0]})

    assert carrier.group_key(HELLO) == carrier.group_key(replace(HELLO, account="shop"))


def test_texts_of_different_length_travel_together() -> None:
    carrier = retarus()

    assert carrier.group_key(HELLO) == carrier.group_key(message(2, "4915112340002", "x" * 400, parts=3))


# Verdicts.


async def verdict_on(handler: Handler, *messages: Message) -> Verdict:
    carrier = retarus(handler)
    verdicts = await carrier.send(carrier.prepare(batch(*messages or (HELLO,)), NOW))
    return next(iter(verdicts.values()))


@pytest.mark.parametrize("status", [200, 201])
async def test_a_job_id_is_acceptance(status: int) -> None:
    assert await verdict_on(answering(status, json.dumps({"jobId": JOB}).encode())) == Accepted(JOB)


@pytest.mark.parametrize(
    "body",
    [
        {"jobId": "J." + "x" * 17},
        {"jobId": "J." + "x" * 39},
        {"jobId": "S.20220928-125820.020-0l8likuetGNOTM4A4U"},
        {"jobId": JOB + "\n"},
        {"jobId": "J. 0220928-125820.020-0l8likuet"},
        {"jobid": JOB},
        [{"jobId": JOB}],
    ],
)
async def test_an_absurd_job_id_is_doubtful(body: Any) -> None:
    assert isinstance(await verdict_on(answering(201, json.dumps(body).encode())), Doubtful)


async def test_two_job_ids_are_doubtful() -> None:
    body = f'{{"jobId":"{JOB}","jobId":"{OTHER_JOB}"}}'.encode()

    assert isinstance(await verdict_on(answering(201, body)), Doubtful)


async def test_409_means_that_a_copy_arrived() -> None:
    verdict = await verdict_on(answering(409))

    assert isinstance(verdict, Doubtful)
    assert verdict.evidence is Evidence.ARRIVED


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422])
async def test_a_refused_job_blames_the_batch(status: int) -> None:
    other = message(12, "4915112340002", "Bye")

    single, several = await verdict_on(answering(status)), await verdict_on(answering(status), HELLO, other)

    assert isinstance(single, Rejected)
    assert isinstance(several, Rejected)
    assert (single.error, single.whole_batch) == (ErrorCode.PARAMETER_REFUSED, False)
    assert several.whole_batch is True


async def test_the_login_is_basic_utf_8_in_standard_base64() -> None:
    wire = Wire(answering(503))
    carrier = Retarus(
        "r",
        RetarusConfig.model_validate({"username": "ü", "password": "?>~ÿ?>"}),
        clock=lambda: NOW,
        monotonic=lambda: 0.0,
        transport=httpx.MockTransport(wire),
    )

    await carrier.send(carrier.prepare(batch(HELLO), NOW))

    assert wire.requests[0].headers["authorization"] == "Basic w7w6Pz5+w78/Pg=="


async def test_a_password_that_changes_in_its_place_is_used_for_the_next_call() -> None:
    class Changing(Secret):
        def reveal(self) -> str:
            words.append("changed")
            return words[-2]

    words = ["first"]
    wire = Wire(answering(503))
    carrier = retarus(wire, password=Changing(""))

    for _ in range(2):
        await carrier.send(carrier.prepare(batch(HELLO), NOW))

    logins = [base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) for request in wire.requests]
    assert logins == [b"login-7:first", b"login-7:changed"]


# Datacentres.


class Hosts:
    """Datacentres that work or do not, and what was asked of them."""

    def __init__(self, **down: type[Exception] | int) -> None:
        self.down = down
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host.split(".")[1]
        self.calls.append(f"{name} {request.url.path.removeprefix('/rest/v1')}")
        fault = self.down.get(name)
        if isinstance(fault, int):
            return httpx.Response(fault)
        if fault is not None:
            raise fault("no")
        if request.url.path.endswith("/version"):
            return httpx.Response(200, json={"majorVersion": 2024})
        return httpx.Response(201, json={"jobId": JOB}) if request.method == "POST" else httpx.Response(404)


class Jobs:
    """A carrier, its clocks and its datacentres."""

    def __init__(self, send_to: str = "de2", **down: type[Exception] | int) -> None:
        self.hosts = Hosts(**down)
        self.clock = Clock()
        self.carrier = Retarus(
            "retarus",
            config(send_to=send_to),
            clock=self.clock,
            monotonic=self.clock,
            transport=httpx.MockTransport(self.hosts),
        )

    def prepare(self) -> Attempt:
        return self.carrier.prepare(batch(HELLO), self.clock.now)

    async def send(self, attempt: Attempt | None = None) -> Verdict:
        """Send, and let what was started beside it end."""
        verdicts = await self.carrier.send(attempt or self.prepare())
        for _ in range(20):
            await asyncio.sleep(0)
        return verdicts[HELLO.id]

    @property
    def host(self) -> str:
        """Where the next job goes."""
        return self.prepare().host


async def test_after_an_unreachable_datacentre_new_jobs_go_to_the_other() -> None:
    jobs = Jobs(de2=httpx.ConnectError)

    first, second = await jobs.send(), await jobs.send()

    assert isinstance(first, Deferred)
    assert second == Accepted(JOB)
    assert jobs.hosts.calls == ["de2 /jobs", "de1 /jobs"]


@pytest.mark.parametrize("fault", [httpx.ReadError, 500, 503])
async def test_after_three_doubtful_calls_new_jobs_go_to_the_other(fault: type[Exception] | int) -> None:
    jobs = Jobs(de2=fault)

    hosts = []
    for _ in range(4):
        hosts.append(jobs.host)
        await jobs.send()

    assert hosts == [DE2, DE2, DE2, DE1]


@pytest.mark.parametrize("status", [400, 401, 409, 429])
async def test_a_datacentre_that_refuses_works(status: int) -> None:
    jobs = Jobs(de2=status)

    for _ in range(5):
        await jobs.send()

    assert jobs.host == DE2


async def test_a_stored_attempt_stays_where_it_is() -> None:
    jobs = Jobs(de2=httpx.ConnectError)
    attempt = jobs.prepare()
    await jobs.send(attempt)

    await jobs.send(attempt)

    assert jobs.hosts.calls == ["de2 /jobs", "de2 /jobs"]


async def test_before_a_job_returns_to_a_datacentre_its_version_is_asked() -> None:
    jobs = Jobs(de2=httpx.ConnectError)
    await jobs.send()
    jobs.clock.now += 1.1
    jobs.hosts.calls.clear()

    await jobs.send()  # goes to de1, with the version of de2 asked beside it, in vain
    jobs.clock.now += 2.1
    jobs.hosts.down.clear()
    await jobs.send()  # to de1 again: the version is answered this time
    await jobs.send()
    await jobs.send()

    assert jobs.hosts.calls == [
        "de1 /jobs", "de2 /version", "de1 /jobs", "de2 /version", "de2 /jobs", "de2 /jobs",
    ]  # fmt: skip


async def test_only_one_job_tries_a_datacentre_that_may_be_back() -> None:
    jobs = Jobs(de2=httpx.ConnectError)
    await jobs.send()
    jobs.clock.now += 1.1
    jobs.hosts.down.clear()
    await jobs.send()

    hosts = [jobs.host for _ in range(3)]

    assert hosts == [DE2, DE1, DE1]


async def test_without_traffic_nobody_asks_for_a_version() -> None:
    jobs = Jobs(de2=httpx.ConnectError)
    await jobs.send()
    jobs.clock.now += 3600.0

    assert jobs.hosts.calls == ["de2 /jobs"]


async def test_with_all_unreachable_the_one_to_be_tried_soonest_is_tried() -> None:
    jobs = Jobs(de2=httpx.ConnectError, de1=httpx.ConnectError)
    await jobs.send()
    jobs.clock.now += 0.5
    await jobs.send()

    assert jobs.host == DE2


async def test_the_shared_name_has_a_circuit_of_its_own() -> None:
    jobs = Jobs("eu", eu=httpx.ConnectError)

    await jobs.send()

    assert jobs.host == DE2


async def test_look_ups_leave_out_what_cannot_be_reached() -> None:
    jobs = Jobs(de2=httpx.ConnectError)
    attempt = jobs.prepare()
    await jobs.send(attempt)
    jobs.hosts.calls.clear()

    await jobs.carrier.statuses(sent_of(attempt, (HELLO,), JOB))

    assert jobs.hosts.calls == ["de1 /sms"]


async def test_a_look_up_that_left_one_out_proves_nothing() -> None:
    jobs = Jobs(de2=httpx.ConnectError)
    attempt = jobs.prepare()
    await jobs.send(attempt)

    verdicts = await jobs.carrier.resolve(attempt, sent_of(attempt, (HELLO,), None))

    assert verdicts == {HELLO.id: Doubtful("the look-up was not complete")}


async def test_a_datacentre_that_breaks_jobs_is_still_asked() -> None:
    jobs = Jobs(de2=503)
    attempt = jobs.prepare()
    for _ in range(3):
        await jobs.send(attempt)
    jobs.hosts.calls.clear()

    await jobs.carrier.statuses(sent_of(attempt, (HELLO,), JOB))

    assert jobs.hosts.calls == ["de2 /sms", "de1 /sms"]


async def test_look_ups_find_out_by_themselves_that_a_datacentre_is_back() -> None:
    jobs = Jobs(de2=httpx.ConnectError)
    attempt = jobs.prepare()
    await jobs.send(attempt)
    jobs.hosts.down.clear()
    jobs.clock.now += 1.1

    for _ in range(2):
        await jobs.carrier.statuses(sent_of(attempt, (HELLO,), JOB))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    assert jobs.hosts.calls[-2:] == ["de2 /sms", "de1 /sms"]


async def test_the_end_of_the_carrier_is_the_end_of_its_probes() -> None:
    asked, reached = asyncio.Event(), asyncio.Event()

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/version"):
            reached.set()
            await asked.wait()
        raise httpx.ConnectError("no")

    clock = Clock()
    carrier = Retarus("retarus", config(), clock=clock, monotonic=clock, transport=httpx.MockTransport(handler))
    for _ in range(2):
        await carrier.send(carrier.prepare(batch(HELLO), NOW))
        clock.now += 1.5
    async with asyncio.timeout(5):
        await carrier.send(carrier.prepare(batch(HELLO), NOW))
        await reached.wait()

    await carrier.aclose()

    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("version")]


@pytest.mark.parametrize(("send_to", "host"), [("de2", DE2), ("de1", DE1), ("eu", EU)])
def test_jobs_go_where_the_section_says(send_to: str, host: str) -> None:
    attempt = retarus(send_to=send_to).prepare(batch(HELLO), NOW)

    assert (attempt.host, attempt.target, attempt.method) == (host, "/rest/v1/jobs", "POST")


def test_hosts_may_be_paths_of_one_port() -> None:
    carrier = retarus(base_urls={"de2": "http://127.0.0.1:8080/de2/rest/v1/"})

    attempt = carrier.prepare(batch(HELLO), NOW)

    assert (attempt.host, attempt.target) == ("http://127.0.0.1:8080", "/de2/rest/v1/jobs")


class Datacentres:
    """Both datacentres as far as look-ups go: jobs by host, each with its batch and rows."""

    def __init__(self) -> None:
        self.open: dict[str, list[tuple[str, str | None]]] = {DE2: [], DE1: []}
        self.finished: dict[str, list[tuple[str, str | None]]] = {DE2: [], DE1: []}
        self.rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.broken: dict[str, int] = {}
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        host = f"{request.url.scheme}://{request.url.netloc.decode()}"
        path = request.url.path.removeprefix("/rest/v1")
        self.calls.append(f"{host.removeprefix('https://sms4a.').removesuffix('.retarus.com')} {path}")
        if host in self.broken:
            return httpx.Response(self.broken[host])
        if path == "/sms":
            rows = self.rows.get((host, request.url.params["jobId"]))
            return httpx.Response(404) if rows is None else httpx.Response(200, json=rows)
        if path == "/jobs":
            return self._list(host, request.url.params)
        return self._job(host, path.removeprefix("/jobs/"))

    def _list(self, host: str, query: httpx.QueryParams) -> httpx.Response:
        assert query["jobIdsOnly"] == "true"
        jobs = (self.open if query["open"] == "true" else self.finished)[host]
        start, size = int(query["offset"]), int(query["limit"])
        return httpx.Response(200, json=[{"jobId": job} for job, _ in jobs[start : start + size]])

    def _job(self, host: str, job: str) -> httpx.Response:
        known = dict(self.open[host] + self.finished[host])
        return httpx.Response(200, json={"jobId": job, "customerRef": known[job]} if job in known else None)


def job_id(number: int) -> str:
    return f"J.20220928-125820.020-0l8like{number:09d}"


async def looked_up(world: Handler, carrier: Retarus | None = None) -> Verdict:
    carrier = carrier or retarus(world)
    attempt = carrier.prepare(batch(HELLO), NOW - 600)
    verdicts = await carrier.resolve(attempt, sent_of(attempt, (HELLO,), None))
    return verdicts[HELLO.id]


@pytest.mark.parametrize("host", [DE2, DE1])
@pytest.mark.parametrize("state", ["open", "finished"])
async def test_a_doubtful_job_is_found_wherever_it_is(host: str, state: str) -> None:
    world = Datacentres()
    getattr(world, state)[host] = [(OTHER_JOB, "another batch"), (JOB, BATCH), (job_id(1), None)]

    assert await looked_up(world) == Accepted(JOB)


async def test_two_clean_datacentres_without_it_prove_its_absence() -> None:
    world = Datacentres()
    world.open[DE2] = [(OTHER_JOB, "another batch")]

    verdict = await looked_up(world)

    assert isinstance(verdict, Doubtful)
    assert verdict.evidence is Evidence.ABSENT


@pytest.mark.parametrize("host", [DE2, DE1])
async def test_one_silent_datacentre_leaves_the_doubt(host: str) -> None:
    world = Datacentres()
    world.broken[host] = 503

    verdict = await looked_up(world)

    assert isinstance(verdict, Doubtful)
    assert verdict.evidence is Evidence.NONE


async def test_a_silent_datacentre_does_not_hide_what_the_other_has() -> None:
    world = Datacentres()
    world.broken[DE2] = 500
    world.finished[DE1] = [(JOB, BATCH)]

    assert await looked_up(world) == Accepted(JOB)


async def test_a_second_look_up_reads_only_what_is_new() -> None:
    world = Datacentres()
    world.open[DE2] = [(job_id(n), "another batch") for n in range(30)]
    carrier = retarus(world)
    await looked_up(world, carrier)
    world.calls.clear()
    world.open[DE2].append((JOB, BATCH))

    verdict = await looked_up(world, carrier)

    assert verdict == Accepted(JOB)
    assert [call for call in world.calls if "/jobs/" in call] == [f"de2 /jobs/{JOB}"]


async def test_jobs_of_known_batches_are_not_read() -> None:
    world = Datacentres()
    world.open[DE2] = [(JOB, "unseen")]
    answers = iter([httpx.Response(201, json={"jobId": JOB})])
    carrier = retarus(lambda request: next(answers) if request.method == "POST" else world(request))
    await carrier.send(carrier.prepare(Batch(id=BatchId("another"), messages=(HELLO,)), NOW))

    await looked_up(world, carrier)

    assert not [call for call in world.calls if "/jobs/" in call]


async def test_a_look_up_that_would_read_too_much_goes_on_next_time() -> None:
    world = Datacentres()
    world.finished[DE2] = [*((job_id(n), "another batch") for n in range(600)), (JOB, BATCH)]
    carrier = retarus(world)

    first, second = await looked_up(world, carrier), await looked_up(world, carrier)

    assert isinstance(first, Doubtful)
    assert first.evidence is Evidence.NONE
    assert second == Accepted(JOB)


async def test_a_long_list_is_read_to_its_end() -> None:
    world = Datacentres()
    jobs = [(job_id(n), "another batch") for n in range(1500)]
    world.finished[DE2] = [*jobs, (JOB, BATCH)]
    carrier = retarus(world)
    for job, other in jobs:
        carrier._lookup.remember(CarrierRef(job), BatchId(other))

    assert await looked_up(world, carrier) == Accepted(JOB)


async def test_a_list_with_strange_ids_is_not_clean() -> None:
    verdict = await looked_up(answering(200, b'[{"jobId":"../../sms"}]'))

    assert isinstance(verdict, Doubtful)
    assert verdict.evidence is Evidence.NONE


@pytest.mark.parametrize(
    "unreadable",
    [
        httpx.Response(503),
        httpx.Response(404),
        httpx.Response(200, content=b"{}"),
        httpx.Response(200, json={"jobId": OTHER_JOB, "customerRef": BATCH}),
    ],
)
async def test_a_listed_job_that_cannot_be_read_leaves_the_doubt(unreadable: httpx.Response) -> None:
    world = Datacentres()
    world.open[DE2] = [(JOB, BATCH)]

    verdict = await looked_up(lambda request: unreadable if "/jobs/" in request.url.path else world(request))

    assert isinstance(verdict, Doubtful)
    assert verdict.evidence is Evidence.NONE


@pytest.mark.parametrize(("send_to", "first"), [("de1", "/de1/rest/v1/jobs"), ("de2", "/de2/rest/v1/jobs")])
async def test_a_look_up_begins_where_the_attempt_went(send_to: str, first: str) -> None:
    urls = {name: f"http://127.0.0.1:8080/{name}/rest/v1" for name in ("de2", "de1", "eu")}
    attempt = retarus(send_to=send_to, base_urls=urls).prepare(batch(HELLO), NOW - 600)
    wire = Wire(answering(503))

    await retarus(wire, send_to="eu", base_urls=urls).resolve(attempt, sent_of(attempt, (HELLO,), None))

    assert wire.requests[0].url.path == first


async def test_the_window_of_a_look_up_is_around_the_attempt() -> None:
    wire = Wire(answering(200, b"[]"))

    await looked_up(wire)

    # The attempt was prepared ten minutes before NOW, 22:13:20 UTC.
    query = wire.requests[0].url.params
    assert (query["fromTs"], query["toTs"]) == ("2023-11-14T22:01:20.000Z", "2023-11-14T22:13:20.000Z")


# Statuses.


async def reported(*rows: dict[str, Any], age_s: float = 60.0, **changes: Any) -> list[StatusReport]:
    clock = Clock()
    carrier = retarus(lambda _request: httpx.Response(200, json=list(rows)), clock=clock, **changes)
    attempt = carrier.prepare(batch(HELLO), NOW)
    clock.now = NOW + age_s
    return list(await carrier.statuses(sent_of(attempt, (HELLO,), JOB)))


async def outcome_of_row(process_status: str | None, status: str | None, **changes: Any) -> StatusReport:
    (report,) = await reported(row(HELLO, process_status, status, **changes))
    return report


DOCUMENTED = [
    ("DONE", "SUC_FIN", Outcome.DELIVERED, ErrorCode.NONE),
    ("DONE", "INVALID_DST", Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER),
    ("DONE", "BLOCKED", Outcome.REJECTED, ErrorCode.BLOCKED),
    ("DONE", "TIMEOUT", Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
    ("DONE", "CON_ERR", Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE),
    ("DONE", "FAILED_FIN", Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    ("DONE", "NOT_ACC_FIN", Outcome.REJECTED, ErrorCode.NOT_ACCEPTED),
    ("DONE", "SEND_ERR", Outcome.UNKNOWN, ErrorCode.CARRIER_FAULT),
    ("DONE", "STATUS_ERR", Outcome.UNKNOWN, ErrorCode.STATUS_LOST),
    ("CANCELED", "", Outcome.DELETED, ErrorCode.CANCELLED),
    ("CANCELED", None, Outcome.DELETED, ErrorCode.CANCELLED),
    ("CANCELED", "NOT_ACC_REC", Outcome.DELETED, ErrorCode.CANCELLED_LATE),
    ("KILL", "", Outcome.UNKNOWN, ErrorCode.KILLED),
    ("KILL", "ANY", Outcome.UNKNOWN, ErrorCode.KILLED),
    ("DONE", "ODD_FIN", Outcome.UNKNOWN, ErrorCode.UNKNOWN_STATUS),
    ("DONE", "", Outcome.UNKNOWN, ErrorCode.UNKNOWN_STATUS),
]


@pytest.mark.parametrize(("process_status", "status", "outcome", "error"), DOCUMENTED)
async def test_every_final_status_has_its_outcome(
    process_status: str, status: str | None, outcome: Outcome, error: ErrorCode
) -> None:
    report = await outcome_of_row(process_status, status)

    assert (report.outcome, report.error, report.final) == (outcome, error, True)
    assert report.nothing_left is (status in {"CON_ERR", "NOT_ACC_FIN"})


@pytest.mark.parametrize(
    ("process_status", "status"),
    [
        ("OPEN", ""),
        ("OPEN", "CON_ERR"),
        ("RUNNING", ""),
        ("RUNNING", "X"),
        ("DONE", "SUC_ACC"),
        ("PAUSED", "SUC_FIN"),
        ("CANCELED", "ODD"),
        ("", ""),
        (None, None),
    ],
)
async def test_what_is_not_over_is_enroute(process_status: str | None, status: str | None) -> None:
    report = await outcome_of_row(process_status, status)

    assert (report.outcome, report.final, report.at) == (Outcome.ENROUTE, False, None)


@pytest.mark.parametrize("finished", [None, ""])
async def test_a_killed_message_is_not_over_before_its_finish(finished: str | None) -> None:
    assert (await outcome_of_row("KILL", "", finishedTs=finished)).final is False


async def test_without_a_notification_it_ends_as_accepted_by_the_deadline() -> None:
    (report,) = await reported(row(HELLO, "DONE", "SUC_ACC"), age_s=49 * 3600 - 700)

    assert (report.outcome, report.final) == (Outcome.ACCEPTED, True)


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("message_state:DELIVERED [00000002] (Final) (Message is delivered to destination.)", 2),
        ("message_state:EXPIRED [00000003] (Final) (x)", 3),
        ("x message_state: REJECTED [8]", 8),
        ("message_state:REJECTED [00000005] (Final)", 0),
        ("message_state:ODD [00000005] (Final)", 0),
        ("message_state:ENROUTE [FFFFFFFF] (Final)", 0),
        ("message_state:??? [zz] \x00 (Fin", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_a_reason_names_a_state_or_nothing(reason: str | None, state: int) -> None:
    assert state_of(reason) == state


@pytest.mark.parametrize(
    ("name", "state", "outcome", "error"),
    [
        ("EXPIRED", 3, Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
        ("DELETED", 4, Outcome.DELETED, ErrorCode.CANCELLED_LATE),
        ("UNDELIVERABLE", 5, Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
        ("UNKNOWN", 7, Outcome.UNKNOWN, ErrorCode.STATUS_LOST),
        ("REJECTED", 8, Outcome.REJECTED, ErrorCode.NOT_ACCEPTED),
        ("DELIVERED", 2, Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    ],
)
async def test_a_failure_is_refined_by_its_reason(name: str, state: int, outcome: Outcome, error: ErrorCode) -> None:
    report = await outcome_of_row("DONE", "FAILED_FIN", reason=f"message_state:{name} [{state:08d}] (Final) (x)")

    assert (report.outcome, report.error, report.final) == (outcome, error, True)


async def test_a_reason_never_overrules_a_status() -> None:
    report = await outcome_of_row("DONE", "SUC_FIN", reason="message_state:REJECTED [00000008] (Final) (x)")

    assert report.outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    ("finished", "at"),
    [
        ("2023-11-14T22:13:30.500Z", NOW + 10.5),
        ("2023-11-14T23:13:30.500+01:00", NOW + 10.5),
        ("2023-11-14T22:13:30", NOW + 10.0),
        ("9999-12-31T23:59:59.999Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
async def test_the_finish_is_read_where_it_can_be_true(finished: str | None, at: float | None) -> None:
    assert (await outcome_of_row("DONE", "SUC_FIN", finishedTs=finished)).at == at


@pytest.mark.parametrize(
    "changes", [{"customerRef": "12"}, {"dst": "+4915112349999"}, {"dst": None}, {"customerRef": None}]
)
async def test_a_row_counts_only_with_our_reference_and_the_number(changes: dict[str, Any]) -> None:
    assert await reported(row(HELLO, "DONE", "SUC_FIN", **changes)) == []


async def test_a_bad_row_spoils_only_itself() -> None:
    (report,) = await reported({"status": 5, "dst": []}, row(HELLO, "DONE", "SUC_FIN"))

    assert report.outcome is Outcome.DELIVERED


async def test_a_final_row_wins_over_a_second_one() -> None:
    (report,) = await reported(row(HELLO, "RUNNING", ""), row(HELLO, "DONE", "SUC_FIN"), row(HELLO, "DONE", "SEND_ERR"))

    assert report.outcome is Outcome.DELIVERED


@pytest.mark.parametrize("word", ["Hello dear +4915112340001", "4915112340001", "A" * 33])
async def test_strange_words_do_not_reach_the_detail(word: str) -> None:
    report = await outcome_of_row("DONE", word)

    assert word not in report.detail


def sent(number: int, ref: CarrierRef | None, host: str = DE2) -> Sent:
    attempt = retarus().prepare(batch(message(number, HELLO.recipient, "x")), NOW)
    return replace(sent_of(attempt, (message(number, HELLO.recipient, "x"),), ref)[0], host=host)


async def test_one_call_asks_for_all_messages_of_a_job() -> None:
    world = Datacentres()
    ones = [message(n, HELLO.recipient, "x") for n in (1, 2)]
    world.rows[DE2, JOB] = [row(one, "DONE", "SUC_FIN") for one in ones]

    reports = await retarus(world).statuses([sent(1, JOB), sent(2, JOB), sent(3, None)])

    assert [report.message for report in reports] == [1, 2]
    assert world.calls == ["de2 /sms"]


async def test_the_datacentre_of_the_attempt_is_asked_first_then_the_other() -> None:
    world = Datacentres()
    world.rows[DE2, JOB] = [row(HELLO, "DONE", "SUC_FIN")]
    carrier = retarus(world)

    for _ in range(2):
        await carrier.statuses([sent(11, JOB, host=DE1)])

    # The second time it is known where the job is.
    assert world.calls == ["de1 /sms", "de2 /sms", "de2 /sms"]


@pytest.mark.parametrize("status", [404, 500, 502])
async def test_a_job_unknown_at_one_datacentre_is_asked_for_at_the_other(status: int) -> None:
    world = Datacentres()
    world.broken[DE2] = status
    world.rows[DE1, JOB] = [row(HELLO, "DONE", "SUC_FIN")]

    reports = await retarus(world).statuses([sent(11, JOB)])

    assert [report.outcome for report in reports] == [Outcome.DELIVERED]


async def test_an_empty_list_is_like_unknown() -> None:
    world = Datacentres()
    world.rows[DE2, JOB] = []
    world.rows[DE1, JOB] = [row(HELLO, "DONE", "SUC_FIN")]

    assert len(await retarus(world).statuses([sent(11, JOB)])) == 1


async def test_a_refused_login_is_not_tried_twice() -> None:
    world = Datacentres()
    world.broken = {DE2: 401, DE1: 401}

    assert await retarus(world).statuses([sent(11, JOB)]) == []
    assert world.calls == ["de2 /sms"]


async def test_one_broken_job_does_not_hide_another() -> None:
    world = Datacentres()
    world.rows[DE2, JOB] = [row(HELLO, "DONE", "SUC_FIN")]

    reports = await retarus(world).statuses([sent(5, CarrierRef(OTHER_JOB)), sent(11, JOB)])

    assert [report.message for report in reports] == [11]


async def test_a_job_without_an_answer_does_not_hold_up_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smppgw.carriers.retarus.adapter.LONGEST_S", 0.05)
    world = Datacentres()
    world.rows[DE2, JOB] = [row(HELLO, "DONE", "SUC_FIN")]

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.params["jobId"] == OTHER_JOB:
            await asyncio.Event().wait()
        return world(request)

    carrier = retarus(handler)  # type: ignore[arg-type] # the transport takes both kinds of handler

    reports = await carrier.statuses([sent(5, CarrierRef(OTHER_JOB)), sent(11, JOB)])

    assert [report.message for report in reports] == [11]


async def test_look_ups_leave_room_for_sending() -> None:
    now_open = most_open = 0

    async def handler(_request: httpx.Request) -> httpx.Response:
        nonlocal now_open, most_open
        now_open += 1
        most_open = max(most_open, now_open)
        await asyncio.sleep(0)
        now_open -= 1
        return httpx.Response(404)

    carrier = retarus(handler)  # type: ignore[arg-type] # the transport takes both kinds of handler

    await carrier.statuses([sent(n, CarrierRef(job_id(n))) for n in range(50)])

    assert most_open == 8


async def test_a_reference_that_is_no_job_id_is_not_asked_for() -> None:
    assert await retarus(silent).statuses([sent(1, CarrierRef("x&jobId=y"))]) == []


def test_rows_may_lack_every_field() -> None:
    assert Row().status is None

"""Carriers that exist by configuration alone: the examples that are shipped, and what becomes of their faults."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from smppgw.smpp.consts import DataCoding
from tests.e2e.aggregators import SECRET, Aggregator, Idempotent, Infobip, OldStyle, Twilio, serving
from tests.e2e.configuration import configuration_of
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

EXAMPLES = Path(__file__).parents[2] / "conf" / "carriers"
HOSTS = re.compile(r"https://(?:api\.twilio\.com|xxxxx\.api\.infobip\.com)(?=/)")

IDEMPOTENT = """
[carriers.acme]
type = "http"
url = "{url}/messages"
headers = {{ Idempotency-Key = "{{batch_id}}" }}
body = {{ to = "{{recipient}}", from = "{{sender}}", text = "{{text}}" }}
token = "{secret}"
fence_for = "10m"
poll_first = "0.3s"
answer = {{ id = "id" }}
[carriers.acme.status]
url = "{url}/messages/{{ref}}"
state = "state"
states = {{ delivered = "delivered" }}
"""

OLD_STYLE = """
[carriers.acme]
type = "http"
url = "{url}/http/send?user=me"
method = "GET"
query = {{ to = "{{recipient_plus}}", from = "{{sender}}", text = "{{text}}" }}
key = "{secret}"
key_in = {{ query = "password" }}
ends_accepted = true
poll_first = "0.3s"
answer = {{ format = "text", separators = ": ", code = "[0][0]", codes = {{ OK = "accepted" }}, id = "[0][1]" }}
"""

TEXT = 'Your code: {0.__class__} ${x} "},{ &to=+49&Body=no #1'


def example(name: str, url: str, poll_first: str = "0.3s") -> str:
    """The carrier of a shipped example, led to a server here; polls come soon."""
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    section = text[text.index(f"\n[carriers.{name}]\n") :].replace(f"[carriers.{name}", "[carriers.acme")
    section = re.sub(r'^(password|key|push_secret)_file = "\S+"', rf'\1 = "{SECRET}"', section, flags=re.MULTILINE)
    section = re.sub(r"^poll_.*\n", "", section, flags=re.MULTILINE)
    section, hosts = HOSTS.subn(url, section)
    assert hosts > 1
    return section.replace('type = "http"', f'type = "http"\npoll_first = "{poll_first}"')


@pytest.fixture
async def served() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def started(served: AsyncExitStack, new_daemon: NewDaemon, aggregator: Aggregator, name: str) -> Daemon:
    """A daemon whose only carrier is the aggregator, up."""
    await served.enter_async_context(serving(aggregator))
    text = {
        "idempotent": IDEMPOTENT.format(url=aggregator.url, secret=SECRET),
        "old style": OLD_STYLE.format(url=aggregator.url, secret=SECRET),
    }
    daemon = new_daemon(configuration_of(text[name] if name in text else example(name, aggregator.url)))
    await daemon.start()
    return daemon


async def assert_no_secret_is_left(daemon: Daemon) -> None:
    """Stop it, and look through all that it has stored and said."""
    await daemon.stop()

    files = [file for file in daemon.folder.iterdir() if file != daemon.configuration]
    assert [file.name for file in files if SECRET.encode() in file.read_bytes()] == []
    assert SECRET not in str(daemon.log) + str(daemon.other_output)


@pytest.mark.parametrize(("name", "kind"), [("twilio", Twilio), ("infobip", Infobip)])
async def test_a_shipped_example_delivers_and_says_what_did_not_arrive(
    served: AsyncExitStack, new_daemon: NewDaemon, name: str, kind: type[Aggregator]
) -> None:
    aggregator = kind()
    daemon = await started(served, new_daemon, aggregator, name)
    esme = await bind(daemon.smpp_port)

    delivered, failed, wrong = [
        await esme.submit(submit(number, TEXT, data_coding=DataCoding.LATIN_1))
        for number in ("4915112345100", "4915112340005", "4915112340001")
    ]

    assert await esme.receipt_of(delivered) == "DELIVRD"
    assert await esme.receipt_of(failed) == "UNDELIV"
    assert await esme.receipt_of(wrong) == "UNDELIV"
    numbers = {row["to"].removeprefix("+"): (row["text"], row["from"]) for row in aggregator.taken}
    assert numbers == {"4915112345100": (TEXT, "Shop"), "4915112340005": (TEXT, "Shop")}
    await assert_no_secret_is_left(daemon)


async def test_what_arrives_meanwhile_shares_a_call(served: AsyncExitStack, new_daemon: NewDaemon) -> None:
    aggregator = Infobip()
    aggregator.order("latency", seconds=0.5, count=4)
    daemon = await started(served, new_daemon, aggregator, "infobip")
    esme = await bind(daemon.smpp_port)

    answers = [esme.request(submit(f"49151{place:08}")) for place in range(1000, 1100)]
    ids = [getattr(await answer, "message_id", "") for answer in answers]

    assert {await esme.receipt_of(message_id) for message_id in ids} == {"DELIVRD"}
    assert sorted(row["to"] for row in aggregator.taken) == [f"49151{place:08}" for place in range(1000, 1100)]
    assert aggregator.count("send") < 20


LOST: tuple[dict[str, Any], ...] = (
    {"fault": "reset_after"},
    {"fault": "garbage"},
    {"fault": "truncated"},
    {"fault": "empty"},
    {"fault": "status", "code": 500, "after": True},
    {"fault": "status", "code": 503, "after": True},
)
"""The message is taken, and the answer does not come, or says nothing."""


async def stats_after(aggregator: Aggregator, daemon: Daemon, faults: Iterable[dict[str, Any]]) -> list[str]:
    """Submit a message for each fault, one after the other; what its receipt says."""
    esme = await bind(daemon.smpp_port)
    stats = []
    for place, fault in enumerate(faults):
        aggregator.order(**fault)
        stats.append(await esme.receipt_of(await esme.submit(submit(f"49151234560{place:02}"))))
    return stats


async def test_inside_a_fence_a_message_is_taken_once_and_delivered(
    served: AsyncExitStack, new_daemon: NewDaemon
) -> None:
    aggregator = Idempotent()
    daemon = await started(served, new_daemon, aggregator, "idempotent")

    stats = await stats_after(aggregator, daemon, [*LOST, {"fault": "reset_before"}])

    assert stats == ["DELIVRD"] * 7
    assert len(aggregator.taken) == 7
    await assert_no_secret_is_left(daemon)


async def test_a_lost_answer_is_looked_up(served: AsyncExitStack, new_daemon: NewDaemon) -> None:
    aggregator = Infobip()
    daemon = await started(served, new_daemon, aggregator, "infobip")

    stats = await stats_after(aggregator, daemon, LOST)

    assert stats == ["DELIVRD"] * 6
    assert (len(aggregator.taken), aggregator.count("send")) == (6, 6)


async def test_a_lost_answer_that_nothing_can_resolve_ends_unknown_and_is_not_sent_again(
    served: AsyncExitStack, new_daemon: NewDaemon
) -> None:
    aggregator = Twilio()
    daemon = await started(served, new_daemon, aggregator, "twilio")

    stats = await stats_after(aggregator, daemon, LOST)

    assert stats == ["UNKNOWN"] * 6
    assert (len(aggregator.taken), aggregator.count("send")) == (6, 6)


async def test_a_carrier_that_is_too_busy_is_asked_later(served: AsyncExitStack, new_daemon: NewDaemon) -> None:
    aggregator = Twilio()
    daemon = await started(served, new_daemon, aggregator, "twilio")

    stats = await stats_after(aggregator, daemon, [{"fault": "status", "code": 429, "retry_after": 1}])

    assert stats == ["DELIVRD"]
    assert (len(aggregator.taken), aggregator.count("send")) == (1, 2)


async def test_an_aggregator_of_the_old_kind_ends_messages_accepted(
    served: AsyncExitStack, new_daemon: NewDaemon
) -> None:
    aggregator = OldStyle()
    daemon = await started(served, new_daemon, aggregator, "old style")
    esme = await bind(daemon.smpp_port)

    message_id = await esme.submit(submit("4915112345100", TEXT, data_coding=DataCoding.LATIN_1))

    assert await esme.receipt_of(message_id) == "ACCEPTD"
    assert [(row["to"], row["text"]) for row in aggregator.taken] == [("+4915112345100", TEXT)]
    await assert_no_secret_is_left(daemon)


async def test_a_push_ends_a_message_long_before_a_poll(served: AsyncExitStack, new_daemon: NewDaemon) -> None:
    aggregator = Infobip()
    await served.enter_async_context(serving(aggregator))
    daemon = new_daemon(configuration_of(example("infobip", aggregator.url, poll_first="10m")))
    await daemon.start()
    esme = await bind(daemon.smpp_port)
    message_id = await esme.submit(submit("4915112345100"))

    async def is_taken() -> bool:
        return bool(aggregator.taken)

    await until(is_taken, "the message is taken")
    answer = await aggregator.push(f"{daemon.http_url}/push/acme/{SECRET}")

    assert (answer.status_code, answer.text) == (200, "OK")
    assert await esme.receipt_of(message_id) == "DELIVRD"
    assert aggregator.count("status") == 0
    await assert_no_secret_is_left(daemon)

"""`smppgw trace`: from what somebody types to the message, beside a daemon that runs."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.core.assembly import AssemblyRule
from smppgw.core.disposition import Taken
from smppgw.core.ids import IdForm, Ids
from smppgw.core.model import (
    Address,
    Attempt,
    BatchId,
    CarrierRef,
    Cost,
    Decision,
    MessageId,
    Operation,
    Segment,
    SegmentId,
    Submission,
    SubmissionId,
)
from smppgw.store.sqlite import SqliteStore
from tests.cli.configuration import CONFIGURATION

NOW = 1_700_000_000.0
NUMBER = "4915112345678"


class Daemon:
    """A store that is open for writing, with the ids of three messages: the first two decimal, the last hexadecimal."""

    def __init__(self, folder: Path) -> None:
        self.configuration = folder / "smppgw.toml"
        self.configuration.write_text(CONFIGURATION)
        self.ids: list[str] = []
        self._path = folder / "store.db"
        self._runner = asyncio.Runner()
        self._store = self._runner.run(self._fill())

    async def _fill(self) -> SqliteStore:
        store = await SqliteStore.open(self._path, wall=lambda: NOW, monotonic=lambda: NOW)
        self.secret = key = await store.secret("ids")
        first = await store.reserve_ids(10)
        for place, form in enumerate((IdForm.DECIMAL, IdForm.DECIMAL, IdForm.HEX)):
            self.ids.append(Ids(key, form).external(first + place))
            submission = _submission(first + place, self.ids[-1])
            await store.accept([submission], {"legacy": AssemblyRule(120.0)}, NOW)
        lease, (message, *_) = await store.lease("loop", 1, until=NOW + 9, now=NOW)
        await store.begin(_attempt(message.id), "loop", lease, NOW)
        taken = {message.id: Taken(CarrierRef("ref 1"), 1, Cost(75_000, "EUR", 75_000))}
        await store.settle(BatchId("7f3a"), taken, lease=lease, now=NOW, due_at=NOW + 5)
        return store

    def close(self) -> None:
        self._runner.run(self._store.aclose())
        self._runner.close()

    def trace(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["trace", "-c", str(self.configuration), *arguments])


def _submission(number: int, message_id: str) -> Submission:
    segment = Segment(
        id=SegmentId(number),
        destination=Address(1, 1, NUMBER),
        recipient=NUMBER,
        country="DE",
        text="Hello",
        decision=Decision("default", ("loop",)),
    )
    return Submission(
        id=SubmissionId(number),
        message_id=message_id,
        account="legacy",
        operation=Operation.SUBMIT_SM,
        accepted_at=NOW,
        source=Address(5, 0, "Shop"),
        sender="Shop",
        expires_at=NOW + 3600,
        segments=(segment,),
    )


def _attempt(message: MessageId) -> Attempt:
    return Attempt(
        batch=BatchId("7f3a"),
        host="https://loop.example",
        method="POST",
        target="/",
        content_type=None,
        body=b"{}",
        nonce=None,
        date=None,
        prepared_at=NOW,
        messages=(message,),
    )


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path_factory.mktemp("trace"))
    yield daemon
    daemon.close()


def test_every_name_of_a_message_leads_to_it(daemon: Daemon) -> None:
    for name in (daemon.ids[0], "ref 1", "7f3a", "1"):
        result = daemon.trace(name)

        assert result.exit_code == Exit.OK
        assert result.stdout.startswith(f"message     {daemon.ids[0]} of account legacy, from Shop to +{NUMBER} (DE)")
        assert "loop is asked for its status" in result.stdout


def test_a_hexadecimal_id_is_known_in_capitals_and_as_receipts_write_it(daemon: Daemon) -> None:
    told = daemon.ids[2]

    for name in (told, told.upper(), f"{int(told, 16):010}"):
        assert daemon.trace(name).stdout.startswith(f"message     {told} of account legacy")


@pytest.mark.parametrize("number", [f"+{NUMBER}", NUMBER, f"00{NUMBER}", "+49 151 1234-5678"])
def test_a_number_leads_to_all_its_messages_newest_first(daemon: Daemon, number: str) -> None:
    result = daemon.trace(number)

    lines = result.stdout.splitlines()
    assert lines[0].split() == ["message", "message_id", "accepted,", "UTC", "account", "to", "carrier", "state"]
    assert [line.split()[1] for line in lines[1:4]] == daemon.ids[::-1]
    assert lines[3].endswith(f"legacy      +{NUMBER}   loop          awaiting status")


def test_a_limit_says_that_there_are_more(daemon: Daemon) -> None:
    lines = daemon.trace(f"+{NUMBER}", "--limit", "2").stdout.splitlines()

    assert [line.split()[1] for line in lines[1:3]] == daemon.ids[:0:-1]
    assert lines[3] == "There are more: --limit shows them."


def test_programs_get_a_trace_of_each(daemon: Daemon) -> None:
    told = json.loads(daemon.trace(f"+{NUMBER}", "--json").stdout)

    assert [one["parts"][0]["message_id"] for one in told["traces"]] == daemon.ids[::-1]
    oldest = told["traces"][-1]
    assert (oldest["stage"], oldest["ref"], oldest["error"]) == ("awaiting_status", "ref 1", 0)
    assert oldest["decision"]["carriers"] == ["loop"]
    assert oldest["ledger"][0]["cost"] == {"micros": 75_000, "currency": "EUR", "reporting_micros": 75_000}
    assert "text" not in oldest
    assert json.loads(daemon.trace(daemon.ids[0], "--json", "--text").stdout)["traces"][0]["text"] == "Hello"


@pytest.mark.parametrize("name", ["4096172839", "nobody", "+4930123456", "99999999999999999999999", "\udcff", ""])
def test_what_is_not_there_is_not_found(daemon: Daemon, name: str) -> None:
    result = daemon.trace(name)

    assert result.exit_code == Exit.NOT_FOUND
    assert result.stderr.startswith("there is no message ")


def test_an_id_that_was_given_out_is_told_to_be_gone(daemon: Daemon) -> None:
    given_out = Ids(daemon.secret, IdForm.DECIMAL).external(9)

    result = daemon.trace(given_out)

    assert result.exit_code == Exit.NOT_FOUND
    assert f"The id {given_out} was given out once" in result.stderr


def test_without_a_store_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "smppgw.toml").write_text(CONFIGURATION)

    result = CliRunner().invoke(main, ["trace", "-c", str(tmp_path / "smppgw.toml"), "1"])

    assert result.exit_code == Exit.FAILED
    assert "no daemon has run with this configuration yet" in result.stderr


def test_a_faulty_configuration_is_said(tmp_path: Path) -> None:
    (tmp_path / "smppgw.toml").write_text("[smpp]\nlissten = 1\n")

    result = CliRunner().invoke(main, ["trace", "-c", str(tmp_path / "smppgw.toml"), "1"])

    assert result.exit_code == Exit.CONFIG

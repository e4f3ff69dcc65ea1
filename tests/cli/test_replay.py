"""`smppgw route replay`: what was sent, by other routes; and a document for scripts."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.core.disposition import Taken
from smppgw.core.model import Cost, Decision, TrafficClass
from tests.store.conftest import SqliteBackend
from tests.store.room import FakeClock, Room, taken

COMMON = """
[smpp]
listen = "127.0.0.1:2775"
[store]
url = "sqlite:store.db"
[[accounts]]
system_id = "acme"
password = "hunter2"
country = "DE"
[carriers.alpha]
type = "loopback"
rates = "alpha.csv"
[carriers.beta]
type = "loopback"
rates = "beta.csv"
"""
RUNNING = COMMON + '[[routes]]\nname = "all"\ncarriers = ["alpha"]\n'
CHANGED = (
    COMMON
    + """
[[routes]]
name = "no-adverts"
match = { traffic_class = ["marketing"] }
refuse = "0x45"
[[routes]]
name = "cheap"
match = { country = "DE", sender = ["ACME"] }
carriers = ["alpha", "beta"]
strategy = "least-cost"
"""
)


async def traffic(room: Room) -> None:
    """Send three texts of two parts, an advertisement, and a text for which nobody knew a price."""
    fates: Sequence[tuple[Taken, TrafficClass]] = [
        *[(replace(taken(), parts=2, cost=Cost(150_000, "EUR", 150_000)), TrafficClass.OTP)] * 3,
        (taken(), TrafficClass.MARKETING),
        (taken(cost=None), TrafficClass.OTP),
    ]
    for _, traffic_class in fates:
        made = room.submission(traffic_class=traffic_class)
        renamed = Decision("all", ("alpha",), sender="RENAMED")
        segments = [replace(one, decision=renamed, parts=2) for one in made.segments]
        await room.accept(replace(made, segments=tuple(segments)))
    lease, batch, numbers = await room.call()
    by_number = dict(zip(sorted(numbers), [fate for fate, _ in fates], strict=True))
    await room.settle(batch, lease, by_number)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    async def fill() -> None:
        backend, clock = SqliteBackend(tmp_path), FakeClock()
        await traffic(Room(backend, clock, await backend.open(clock)))
        await backend.clean()

    asyncio.run(fill())
    (tmp_path / "alpha.csv").write_text("prefix,price,currency\n49,0.075,EUR\n")
    (tmp_path / "beta.csv").write_text("prefix,price,currency\n49,0.05,EUR\n")
    (tmp_path / "running.toml").write_text(RUNNING)
    (tmp_path / "changed.toml").write_text(CHANGED)
    return tmp_path


def replay(folder: Path, *arguments: str, rules: str = "changed.toml") -> Result:
    base = ["route", "replay", "-c", str(folder / "running.toml"), "--rules", str(folder / rules)]
    return CliRunner().invoke(main, [*base, *arguments])


def test_it_says_where_traffic_would_go_and_what_it_would_cost(folder: Path) -> None:
    result = replay(folder, "--since", "9000d")

    first, *rest = result.stdout.splitlines()
    assert result.exit_code == Exit.OK
    assert first.startswith("5 messages accepted since ")
    assert first.endswith("changed.toml; nothing was sent")
    assert rest == [
        "",
        "                                then           EUR         now           EUR",
        "carrier  beta                      0        0.0000           4        0.3500",
        "         none                      0        0.0000           1        0.0000",
        "         alpha                     5        0.5250           0        0.0000",
        "",
        "route    cheap                     0        0.0000           4        0.3500",
        "         no-adverts                0        0.0000           1        0.0000",
        "         all                       5        0.5250           0        0.0000",
        "",
        "changes          4  all/alpha -> cheap/beta, 0.4500 -> 0.3500",
        "                 1  all/alpha -> no-adverts/none",
        "refused          1  route no-adverts: route no-adverts refuses it",
        "in all   0.5250 EUR then, 0.3500 EUR now (-33.3%), for 5 messages that a carrier has taken",
        "         for 1 then and 0 now nobody knows the price; 1 would be refused",
    ]


def test_by_the_same_routes_nothing_changes(folder: Path) -> None:
    result = replay(folder, "--since", "9000d", rules="running.toml")

    assert "No message would go to another carrier." in result.stdout
    assert "refused" not in result.stdout


def test_json_is_one_document_with_all_flows(folder: Path) -> None:
    document = json.loads(replay(folder, "--since", "9000d", "--json").stdout)

    assert document["currency"] == "EUR"
    assert document["total"]["messages"] == 5
    assert document["refused"] == [
        {"route": "no-adverts", "result": "refused", "reason": "route no-adverts refuses it"}
    ]
    flows = {flow["now"]["carrier"]: flow for flow in document["flows"]}
    assert flows["beta"] == {
        "then": {"route": "all", "carrier": "alpha"},
        "now": {"route": "cheap", "carrier": "beta"},
        "result": "routed",
        "messages": 4,
        "taken": 4,
        "then_micros": 450_000,
        "then_unknown": 1,
        "now_micros": 350_000,
        "now_unknown": 0,
    }


def test_without_traffic_it_says_so(folder: Path) -> None:
    result = replay(folder, "--since", "1h")

    assert result.exit_code == Exit.NOT_FOUND
    assert result.stdout.startswith("0 messages accepted since ")


def test_what_cannot_be_used_is_told(folder: Path) -> None:
    assert replay(folder, "--since", "soon").exit_code == Exit.USAGE
    assert replay(folder, "--since", "0s").exit_code == Exit.USAGE
    assert replay(folder, rules="none.toml").exit_code == Exit.CONFIG
    (folder / "beta.csv").write_text("prefix,price,currency\n49,cheap,EUR\n")
    faulty = replay(folder)
    assert faulty.exit_code == Exit.CONFIG
    assert "beta.csv" in faulty.stderr
    assert f"{folder / 'running.toml'}:" in faulty.stderr


def test_where_nothing_was_recorded_yet_it_says_so(folder: Path) -> None:
    (folder / "store.db").unlink()

    result = replay(folder)

    assert result.exit_code == Exit.FAILED
    assert "nothing was recorded yet" in result.stderr


def test_nothing_is_changed(folder: Path) -> None:
    before = (folder / "store.db").read_bytes()

    replay(folder, "--since", "9000d")

    assert (folder / "store.db").read_bytes() == before

"""`smppgw optouts list`: who has opted out, beside a daemon that runs."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.core.model import Address
from smppgw.core.optout import Consent, Wish
from smppgw.store.base import InboundText
from smppgw.store.sqlite import SqliteStore
from tests.cli.configuration import CONFIGURATION

NOW = 1_700_000_000.0


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "smppgw.toml"
    file.write_text(CONFIGURATION)
    return file


def list_them(configuration: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["optouts", "list", "-c", str(configuration), *arguments])


async def opt_out(store: SqliteStore, account: str, recipient: str) -> None:
    here = Address(0, 0, "1234")
    text = InboundText(
        account=account,
        key=f"{account} {recipient}",
        source=here,
        destination=here,
        data_coding=0,
        parts=("STOP",),
        at=NOW,
        wish=Wish(recipient, Consent.WITHDRAWN),
    )
    await store.keep_push("loop", "", b"x", NOW)
    lease, (push,) = await store.lease_pushes(1, until=NOW + 9, now=NOW)
    await store.settle_push(push, [], {}, [text], again_at=None, lease=lease, now=NOW)


def test_it_lists_who_has_opted_out(configuration: Path) -> None:
    with asyncio.Runner() as runner:
        path = configuration.with_name("store.db")
        store = runner.run(SqliteStore.open(path, wall=lambda: NOW, monotonic=lambda: NOW))
        for account, recipient in (("other", "12025550123"), ("legacy", "4915112345678")):
            runner.run(opt_out(store, account, recipient))

        everybody, one = list_them(configuration), list_them(configuration, "--account", "legacy", "--json")
        runner.run(store.aclose())

    assert everybody.exit_code == Exit.OK
    assert everybody.stdout == (
        "account         recipient         since, UTC           source\n"
        "legacy          +4915112345678    2023-11-14 22:13:20  loop\n"
        "other           +12025550123      2023-11-14 22:13:20  loop\n"
    )
    assert json.loads(one.stdout) == {
        "optouts": [{"account": "legacy", "recipient": "4915112345678", "since": NOW, "source": "loop"}]
    }


def test_without_a_store_it_says_so(configuration: Path) -> None:
    result = list_them(configuration)

    assert result.exit_code == Exit.FAILED
    assert "no daemon has run" in result.stderr

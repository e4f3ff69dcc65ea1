"""`smppgw carriers`: what there is, and whether it can be used."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.retarus import RetarusOptions, retarus_app
from smppgw.simulators.serving import running

LIMIT_S = 10
PASSWORD = "Pass-word.9Zq"
HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$bYB8bD1Yb2Yb3pyvGbfgO7A5DpzdWXdXfdgGiAnm9jU"


class Simulators:
    """Both carriers on loopback, in a thread of their own."""

    def __init__(self) -> None:
        self.retarus = self.alibaba = ""
        self._up, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(LIMIT_S)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(LIMIT_S)

    async def _serve(self) -> None:
        retarus = retarus_app(RetarusOptions(username="login", password=PASSWORD))
        alibaba = alibaba_app(AlibabaOptions(access_key_id="KEY", access_key_secret=PASSWORD))
        async with running(retarus) as self.retarus, running(alibaba) as self.alibaba:
            self._up.set()
            await asyncio.to_thread(self._stop.wait)


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    simulators = Simulators()
    simulators.start()
    yield simulators
    simulators.stop()


CONFIGURATION = """
[smpp]
listen = "127.0.0.1:2775"
[[accounts]]
system_id = "legacy"
password_hash = "{hash}"
[carriers.retarus]
type = "retarus"
username = "login"
password = "{password}"
base_urls = {{ de2 = "{retarus}/de2/rest/v1", de1 = "{retarus}/de1/rest/v1", eu = "{retarus}/eu/rest/v1" }}
[carriers.china]
type = "alibaba"
endpoint = "{alibaba}"
access_key_id = "KEY"
access_key_secret = "{password}"
[carriers.abroad]
type = "alibaba-globe"
endpoint = "{alibaba}"
access_key_id = "KEY"
access_key_secret = "{password}"
[carriers.loop]
type = "loopback"
[[routes]]
name = "china"
match = {{ prefix = ["86"] }}
carriers = ["china", "loop"]
[[routes]]
name = "default"
carriers = ["retarus", "loop"]
"""

NOBODY = "http://127.0.0.1:9"


def invoke(
    tmp_path: Path, *arguments: str, password: str = PASSWORD, retarus: str = NOBODY, alibaba: str = NOBODY
) -> Result:
    file = tmp_path / "smppgw.toml"
    file.write_text(CONFIGURATION.format(hash=HASH, password=password, retarus=retarus, alibaba=alibaba))
    result = CliRunner().invoke(main, ["carriers", *arguments, "-c", str(file)])
    assert password not in result.output
    return result


@pytest.mark.parametrize("name", ["retarus", "china", "abroad", "loop"])
def test_a_carrier_that_can_be_used_is_0(tmp_path: Path, simulators: Simulators, name: str) -> None:
    urls = {"retarus": simulators.retarus, "alibaba": simulators.alibaba}

    result = invoke(tmp_path, "test", name, **urls)

    assert result.exit_code == Exit.OK, result.output


@pytest.mark.parametrize("name", ["retarus", "china", "abroad"])
def test_wrong_credentials_are_1(tmp_path: Path, simulators: Simulators, name: str) -> None:
    urls = {"retarus": simulators.retarus, "alibaba": simulators.alibaba}

    result = invoke(tmp_path, "test", name, password="Other-word.9Zq", **urls)

    assert result.exit_code == Exit.FAILED
    assert "refused" in result.output


@pytest.mark.parametrize("name", ["retarus", "china", "abroad"])
def test_a_carrier_that_cannot_be_reached_is_1(tmp_path: Path, name: str) -> None:
    result = invoke(tmp_path, "test", name)

    assert result.exit_code == Exit.FAILED
    assert "not reached: ConnectError" in result.output


def test_people_get_a_table(tmp_path: Path, simulators: Simulators) -> None:
    result = invoke(tmp_path, "test", "retarus", retarus=simulators.retarus)

    head, *rows = (line.split() for line in result.stdout.splitlines())
    assert head == ["place", "reached", "login", "seconds", "answer"]
    assert [(row[0], row[1], row[2], row[4:]) for row in rows] == [
        (place, "yes", "ok", ["version", "2024.1,", "build", "301"]) for place in ("de2", "de1")
    ]


def test_scripts_get_one_document(tmp_path: Path, simulators: Simulators) -> None:
    result = invoke(tmp_path, "test", "retarus", "--json", retarus=simulators.retarus)

    told: dict[str, Any] = json.loads(result.stdout)
    seconds = [place.pop("seconds") for place in told["places"]]
    assert all(0 < each < LIMIT_S for each in seconds)
    assert told == {
        "carrier": "retarus",
        "type": "retarus",
        "ok": True,
        "places": [
            {
                "place": place,
                "reachable": True,
                "authenticated": True,
                "words": "version 2024.1, build 301",
                "ok": True,
            }
            for place in ("de2", "de1")
        ],
    }


def test_nothing_is_sent(tmp_path: Path, simulators: Simulators) -> None:
    invoke(tmp_path, "test", "retarus", retarus=simulators.retarus)

    with urllib.request.urlopen(f"{simulators.retarus}/_sim/stats", timeout=LIMIT_S) as answer:
        assert json.load(answer)["calls"]["send"] == 0


def test_a_carrier_that_is_not_there_is_4_with_a_suggestion(tmp_path: Path) -> None:
    result = invoke(tmp_path, "test", "retaurs")

    assert result.exit_code == Exit.NOT_FOUND
    assert result.stderr == "there is no carrier 'retaurs'; did you mean \"retarus\"?\n"


@pytest.mark.parametrize("arguments", [["test", "retarus"], ["list"]])
def test_a_faulty_configuration_is_3(tmp_path: Path, arguments: list[str]) -> None:
    file = tmp_path / "smppgw.toml"
    file.write_text("[smpp]\nlissten = 1\n")

    result = CliRunner().invoke(main, ["carriers", *arguments, "-c", str(file)])

    assert result.exit_code == Exit.CONFIG
    assert "lissten" in result.stderr


def test_a_kind_that_cannot_be_tried_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def untried(*_: object) -> None:
        return None

    monkeypatch.setattr("smppgw.cli.carriers.try_carrier", untried)

    result = invoke(tmp_path, "test", "loop")

    assert result.exit_code == Exit.FAILED
    assert result.stderr == "loop: a carrier of type loopback cannot be tried without sending\n"


def test_the_list_has_each_carrier_with_its_routes(tmp_path: Path) -> None:
    result = invoke(tmp_path, "list")

    assert [line.split() for line in result.stdout.splitlines()] == [
        ["carrier", "type", "routes"],
        ["retarus", "retarus", "default"],
        ["china", "alibaba", "china"],
        ["abroad", "alibaba-globe", "-"],
        ["loop", "loopback", "china,", "default"],
    ]


def test_the_list_is_a_document_too(tmp_path: Path) -> None:
    result = invoke(tmp_path, "list", "--json")

    assert json.loads(result.stdout)["carriers"][3] == {
        "name": "loop",
        "type": "loopback",
        "routes": ["china", "default"],
    }

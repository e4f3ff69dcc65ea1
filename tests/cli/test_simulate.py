"""Options of `smppgw simulate`, and that it serves as a process."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from smppgw.cli import simulate as module
from smppgw.cli.simulate import simulate

START = "from smppgw.cli.simulate import simulate; simulate()"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Instead of serving: address and app of every start."""
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr(module, "run", lambda app, host, port, _announce: started.append((host, port, app)))
    return started


@pytest.mark.parametrize("carrier", ["retarus", "alibaba"])
@pytest.mark.parametrize(("listen", "address"), [("127.0.0.1:8080", ("127.0.0.1", 8080)), ("[::1]:0", ("::1", 0))])
def test_the_address_is_taken_apart(
    runs: list[tuple[Any, ...]], carrier: str, listen: str, address: tuple[str, int]
) -> None:
    result = CliRunner().invoke(simulate, [carrier, "--listen", listen])

    assert result.exit_code == 0
    assert runs[0][:2] == address


@pytest.mark.parametrize(
    "arguments",
    [
        ["retarus"],
        ["retarus", "--listen", "8080"],
        ["retarus", "--listen", "127.0.0.1:x"],
        ["retarus", "--listen", "127.0.0.1:65536"],
        ["retarus", "--listen", "127.0.0.1:0", "--final-delay", "-1"],
        ["alibaba", "--listen", "127.0.0.1:0", "--templates", "/nowhere.json"],
        ["cook"],
    ],
)
def test_a_wrong_option_is_a_usage_error(runs: list[tuple[Any, ...]], arguments: list[str]) -> None:
    result = CliRunner().invoke(simulate, arguments)

    assert (result.exit_code, runs) == (2, [])


def test_every_option_of_retarus_is_taken(runs: list[tuple[Any, ...]]) -> None:
    options = (
        "--username u --password p --accept-delay 0.1 --final-delay 3 --seed 7 --visible-after 0 --strict"
        " --refuse-suffix 0999 --push-url http://127.0.0.1:1/push/retarus/x --push-retry-scale 0.01"
    )

    result = CliRunner().invoke(simulate, ["retarus", "--listen", "127.0.0.1:0", *options.split()])

    assert (result.exit_code, len(runs)) == (0, 1)


def test_every_option_of_alibaba_is_taken(runs: list[tuple[Any, ...]], tmp_path: Path) -> None:
    templates = tmp_path / "templates.json"
    templates.write_text('[{"code":"SMS_7","type":1,"content":"${a}"}]')
    options = (
        "--access-key-id i --access-key-secret s --key-lifetime 9 --accept-delay 0 --final-delay 3 --seed 7"
        f" --templates {templates}"
        " --push-url http://127.0.0.1:1/push/a/x --intl-push-url http://127.0.0.1:1/push/b/x --push-retry-scale 0.01"
    )

    result = CliRunner().invoke(
        simulate, ["alibaba", "--listen", "127.0.0.1:0", "--no-frequency-limits", *options.split()]
    )

    assert (result.exit_code, len(runs)) == (0, 1)


def test_an_address_in_use_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError("in use")

    monkeypatch.setattr(module, "run", refuse)

    result = CliRunner().invoke(simulate, ["retarus", "--listen", "127.0.0.1:1"])

    assert result.exit_code == 1
    assert "cannot listen on 127.0.0.1:1: in use" in result.output


def test_the_process_says_where_it_listens_and_ends_when_asked() -> None:
    command = [sys.executable, "-c", START, "retarus", "--listen", "127.0.0.1:0", "--username", "u", "--password", "p"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[-1]

        status = httpx2.get(f"{url}/de2/rest/v1/version", auth=("u", "p"), timeout=10.0).status_code
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=10.0)

    assert line.startswith("retarus simulator listens on http://127.0.0.1:")
    assert status == 200
    assert (process.returncode, err) == (0, "")

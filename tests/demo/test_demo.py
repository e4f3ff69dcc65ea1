"""`smppgw demo` as people run it: the whole way, and the way out."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smppgw.demo.script import CASES

LIMIT_S = 90
FURTHER = 30

pytestmark = pytest.mark.e2e


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run it; end it in an orderly way where a test fails, so that its daemon ends too."""
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "smppgw", "demo", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env=environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=LIMIT_S)


def pid_of_daemon(told: str) -> int:
    match = re.search(r"process (\d+)", told)
    assert match
    return int(match[1])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def read_until(process: "subprocess.Popen[str]", word: str) -> str:
    """Read standard output up to and including the line with the word; the demo's own limits end the wait."""
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if word in line:
            return told
    raise AssertionError(f"it ended before {word!r}: {told}")


def test_every_message_makes_its_way_and_nothing_is_left(tmp_path: Path) -> None:
    with demo(tmp_path, "--messages", str(FURTHER)) as process:
        out, err = process.communicate(timeout=LIMIT_S)

    assert (process.returncode, err) == (0, "")
    lines = [line.split() for line in out.splitlines() if line.startswith("demo ")]
    ways = {line[1]: " ".join(line[-5:]) for line in lines if line[1].startswith("+")}
    assert {case.recipient: ways[f"+{case.recipient}"] for case in CASES} == {
        "4915112345678": "retarus accepted DELIVRD 000 0.0750",
        "447700900123": "retarus accepted DELIVRD 000 0.0410",
        "4366412345678": "accepted 3x DELIVRD 000 0.2460",
        "4915112340001": "retarus accepted UNDELIV 001 0.0750",
        "4915112340003": "retarus accepted EXPIRED 003 0.0750",
        "8613812345678": "alibaba accepted DELIVRD 000 0.0057",
        "8613812340005": "alibaba accepted UNDELIV 012 0.0000",
        "85261234567": "alibaba-intl accepted DELIVRD 000 unknown",
        "6581230001": "alibaba-intl rejected UNDELIV 001 -",
    }
    assert "make test" in out
    assert "\x1b" not in out
    assert not is_alive(pid_of_daemon(out))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_it_fails_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path) as process:
        told = read_until(process, "Client")
        process.send_signal(number)
        _, err = process.communicate(timeout=LIMIT_S)

    assert (process.returncode, err) == (1, "interrupted\n")
    assert not is_alive(pid_of_daemon(told))
    assert list(tmp_path.iterdir()) == []


def test_kept_running_it_serves_others_until_it_is_interrupted(tmp_path: Path) -> None:
    with demo(tmp_path, "--keep") as process:
        told = read_until(process, "Running until")
        match = re.search(r"smppgw send (.+) --text", told)
        assert match
        sent = subprocess.run(
            [sys.executable, "-m", "smppgw", "send", *match[1].split(), "--text", "Hello", "--wait", "30"],
            capture_output=True, text=True, check=False, timeout=LIMIT_S,
        )  # fmt: skip
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT_S)

    assert "DELIVRD err:000" in sent.stdout
    assert process.returncode == 0
    assert not is_alive(pid_of_daemon(told))
    assert list(tmp_path.iterdir()) == []


def test_a_gateway_that_dies_is_a_failure_with_its_log(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        told = read_until(process, "Client")
        os.kill(pid_of_daemon(told), signal.SIGKILL)
        _, err = process.communicate(timeout=LIMIT_S)

    assert process.returncode == 1
    assert "the connection to the gateway broke" in err
    assert '"event":"ready"' in err
    assert list(tmp_path.iterdir()) == []

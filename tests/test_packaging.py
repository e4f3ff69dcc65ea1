"""What the unit, the image and the frame of the project promise."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "systemd" / "smppgw.service"
MOST_EXPOSED = 1.5

Sections = dict[str, list[tuple[str, str]]]


@pytest.fixture(scope="module")
def unit() -> Sections:
    """Directives of the unit by section, in order; systemd allows repeated keys, so configparser will not do."""
    sections: Sections = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            current.append((key, value))
    return sections


@pytest.fixture(scope="module")
def dockerfile() -> list[str]:
    """Instructions of the last stage, continuation lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    joined = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return ["FROM" + stage for stage in joined.split("FROM")[1:]][-1].splitlines()


def instruction(dockerfile: list[str], name: str) -> str:
    [found] = [line.removeprefix(f"{name} ") for line in dockerfile if line.startswith(f"{name} ")]
    return found


@pytest.mark.parametrize(
    "directive",
    [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("ExecStartPre", "/usr/local/bin/smppgw check -c /etc/smppgw/smppgw.toml"),
        ("ExecStart", "/usr/local/bin/smppgw run -c /etc/smppgw/smppgw.toml"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("WatchdogSec", "30s"),
        ("TimeoutStopSec", "45"),
        ("Restart", "on-failure"),
        ("RestartPreventExitStatus", "3"),
        ("DynamicUser", "yes"),
        ("StateDirectory", "smppgw"),
        ("StateDirectoryMode", "0700"),
        ("UMask", "0077"),
        ("LimitCORE", "0"),
        ("CapabilityBoundingSet", ""),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("ProtectProc", "invisible"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("PrivateUsers", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("SystemCallFilter", "@system-service"),
        ("SystemCallFilter", "~@privileged @resources"),
        ("SocketBindAllow", "tcp:2775"),
        ("SocketBindAllow", "tcp:3550"),
        ("SocketBindAllow", "tcp:9775"),
    ],
)
def test_the_unit_holds_its_promises(unit: Sections, directive: tuple[str, str]) -> None:
    assert directive in unit["Service"]


def test_the_unit_leaves_process_metrics_alone(unit: Sections) -> None:
    assert "ProcSubset" not in {key for key, _ in unit["Service"]}


def test_the_unit_shows_how_to_hand_secrets_over() -> None:
    assert "\n#LoadCredential=retarus.password:/etc/smppgw/retarus.password\n" in UNIT.read_text(encoding="utf-8")


@pytest.fixture
def installed_unit(tmp_path: Path) -> Path:
    """The unit with a program that is there."""
    text = UNIT.read_text(encoding="utf-8").replace("/usr/local/bin/smppgw", "/bin/true")
    copy = tmp_path / UNIT.name
    copy.write_text(text, encoding="utf-8")
    return copy


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_systemd_understands_every_line_of_the_unit(installed_unit: Path) -> None:
    result = analyze("verify", "--man=no", str(installed_unit))

    assert result.returncode == 0
    assert UNIT.name not in result.stderr


def test_the_sandbox_is_as_tight_as_promised(installed_unit: Path) -> None:
    result = analyze("security", "--offline=true", "--no-pager", str(installed_unit))

    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", result.stdout)
    assert exposure, result.stderr
    assert float(exposure[1]) <= MOST_EXPOSED


def test_the_image_runs_as_a_numbered_stranger(dockerfile: list[str]) -> None:
    user = instruction(dockerfile, "USER")

    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", user)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ENTRYPOINT", ["smppgw"]),
        ("CMD", ["run", "-c", "/etc/smppgw/smppgw.toml"]),
    ],
)
def test_signals_reach_the_daemon_itself(dockerfile: list[str], name: str, expected: list[str]) -> None:
    assert json.loads(instruction(dockerfile, name)) == expected


def test_the_image_knows_how_it_is(dockerfile: list[str]) -> None:
    command = instruction(dockerfile, "HEALTHCHECK").partition("CMD ")[2]

    assert json.loads(command) == ["smppgw", "health", "-c", "/etc/smppgw/smppgw.toml"]


def test_the_image_tells_ports_and_data(dockerfile: list[str]) -> None:
    assert instruction(dockerfile, "EXPOSE") == "2775 3550 9775"
    assert instruction(dockerfile, "VOLUME") == "/var/lib/smppgw"
    assert instruction(dockerfile, "STOPSIGNAL") == "SIGTERM"


def test_the_image_is_built_in_two_stages() -> None:
    stages = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)

    assert stages == ["python:3.13-slim", "python:3.13-slim"]


def test_what_the_image_copies_is_let_through() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {path for line in re.findall(r"^COPY (?!--)(.+)", text, re.MULTILINE) for path in line.split()[:-1]}
    let_through = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)

    assert copied == set(let_through)
    assert all((ROOT / path).exists() for path in copied)


def test_the_license_is_the_one_that_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert project["license"] == "Apache-2.0"
    assert "Apache License\n" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_prometheus_scrapes_the_default_address() -> None:
    assert '"127.0.0.1:9775"' in (ROOT / "conf" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")

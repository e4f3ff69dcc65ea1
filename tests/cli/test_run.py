"""`smppgw run`: the daemon's exit code is the command's."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from smppgw import app
from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.config.faults import ConfigFaults, Fault


@pytest.mark.parametrize("code", [0, 1, 5])
def test_the_daemons_exit_code_is_passed_on(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    started: list[Path] = []

    def fake(path: Path) -> int:
        started.append(path)
        return code

    monkeypatch.setattr(app, "run", fake)

    result = CliRunner().invoke(main, ["run", "-c", "some.toml"])

    assert (result.exit_code, started) == (code, [Path("some.toml")])


def test_a_faulty_configuration_is_told_on_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(_path: Path) -> int:
        raise ConfigFaults((Fault("smpp.listen", "is wrong"),))

    monkeypatch.setattr(app, "run", fake)

    result = CliRunner().invoke(main, ["run", "-c", "some.toml"])

    assert (result.exit_code, result.stdout) == (Exit.CONFIG, "")
    assert result.stderr == "smpp.listen: is wrong\n1 fault\n"

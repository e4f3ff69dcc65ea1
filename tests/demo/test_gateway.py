"""The demo's daemon is a child that tells why it fails, and never outlives the demo."""

from pathlib import Path

import pytest

from smppgw.demo import settings
from smppgw.demo.errors import DemoError
from smppgw.demo.gateway import gateway


def write(folder: Path) -> Path:
    return settings.write(folder, retarus_url="http://127.0.0.1:1", alibaba_url="http://127.0.0.1:2")


@pytest.mark.e2e
async def test_a_configuration_that_cannot_be_used_is_told_with_its_fault(tmp_path: Path) -> None:
    config = write(tmp_path)
    config.write_text(config.read_text(encoding="utf-8").replace('"retarus"', '"nobody"', 1), encoding="utf-8")

    async with gateway(config) as daemon:
        with pytest.raises(DemoError, match="ended with 3"):
            await daemon.wait_ready()

    assert any("carriers.retarus.type" in line for line in daemon.tail)


@pytest.mark.e2e
async def test_it_tells_its_addresses_and_drains_when_it_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMPPGW__SMPP__LISTEN", "nowhere")  # of another daemon, not of this one

    async with gateway(write(tmp_path)) as daemon:
        await daemon.wait_ready()
        addresses = (daemon.host, daemon.port > 0, daemon.http_url.startswith("http://127.0.0.1:"))

    assert addresses == ("127.0.0.1", True, True)
    assert await daemon.wait_ended() == 0
    assert '"event":"stopped"' in daemon.log.read_text(encoding="utf-8")

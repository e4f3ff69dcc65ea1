"""Loading: what cannot be used is a fault of the configuration, never a traceback."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from smppgw import app
from smppgw.app.carriers import _MAKERS, MODELS, make_carriers
from smppgw.carriers.loopback import Loopback
from smppgw.config.faults import ConfigFaults
from smppgw.ops.clock import Clock
from tests.app.conftest import Load
from tests.workers.fakes import metrics_for

WITH_CARD = '[carriers.loop]\ntype = "loopback"\nrates = "card.csv"'


def test_every_line_of_a_faulty_rate_card_is_named(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "card.csv").write_text("prefix,price,currency\n49,cheap,EUR\n44,0.1,pounds\n", encoding="utf-8")

    with pytest.raises(ConfigFaults) as caught:
        load_text(carriers=WITH_CARD)

    text = str(caught.value)
    assert "line 2" in text
    assert "line 3" in text


def test_a_rate_card_that_is_not_there_is_a_fault(load_text: Load) -> None:
    with pytest.raises(ConfigFaults, match=r"card\.csv"):
        load_text(carriers=WITH_CARD)


@pytest.mark.parametrize("kind", ["alibaba", "alibaba-globe"])
def test_a_key_file_that_holds_no_key_is_a_fault_that_does_not_quote_it(
    load_text: Load, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "key.json").write_text('{"AccessKeySecret": "hunter2"}')

    with pytest.raises(ConfigFaults) as caught:
        load_text(carriers=f'[carriers.loop]\ntype = "{kind}"\naccess_key_file = "key.json"')

    assert [fault.path for fault in caught.value.faults] == ["carriers.loop.access_key_file"]
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigFaults):
        app.load(tmp_path / "none.toml", {})


@pytest.mark.parametrize("model", MODELS.values())
def test_every_type_of_carrier_can_be_made(model: type[BaseModel]) -> None:
    assert model in _MAKERS


async def test_carriers_are_made_under_their_names(load_text: Load) -> None:
    settings = load_text(carriers='[carriers.loop]\ntype = "loopback"\n[carriers.second]\ntype = "loopback"')

    made = make_carriers(settings.carriers, Clock(), metrics_for())

    assert {name: (type(carrier), carrier.name) for name, carrier in made.items()} == {
        "loop": (Loopback, "loop"),
        "second": (Loopback, "second"),
    }

"""The configuration that the demo writes is one that the daemon takes."""

import time
from pathlib import Path

import pytest

from smppgw import app
from smppgw.app import policies
from smppgw.config.settings import Settings
from smppgw.core.model import TrafficClass
from smppgw.core.numbers import Number, normalise
from smppgw.core.routing.rules import candidates
from smppgw.demo import settings
from smppgw.demo.script import ALIBABA_INTL, CASES, Case, further
from smppgw.smpp.consts import Npi, Ton
from tests.core.routing.asking import routed


@pytest.fixture
def loaded(tmp_path: Path) -> Settings:
    path = settings.write(tmp_path, retarus_url="http://127.0.0.1:1", alibaba_url="http://127.0.0.1:2")
    return app.load(path, {})


def number_of(case: Case) -> Number:
    number = normalise(case.recipient, Ton.INTERNATIONAL, Npi.ISDN, None)
    assert isinstance(number, Number)
    return number


def test_it_has_nothing_to_warn_of(loaded: Settings) -> None:
    assert loaded.warnings == ()


def test_the_store_is_beside_it(loaded: Settings, tmp_path: Path) -> None:
    assert loaded.store.path == tmp_path / settings.STORE


def test_everything_listens_on_free_ports_of_loopback(loaded: Settings) -> None:
    assert all(each.is_loopback and each.port == 0 for each in (*loaded.smpp.listen, loaded.http.listen))


@pytest.mark.parametrize("case", [*CASES, *further(1)], ids=lambda case: case.recipient)
def test_the_routes_lead_each_message_to_the_expected_carrier(loaded: Settings, case: Case) -> None:
    number = number_of(case)
    message = routed(settings.SYSTEM_ID, number.country, number.digits, case.sender)

    rule = policies.router(loaded.routes).rule_for(message, time.time())

    assert rule is not None
    assert rule.candidates == candidates(case.carrier)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.recipient)
def test_one_carrier_alone_has_no_prices(loaded: Settings, case: Case) -> None:
    number = number_of(case)

    price = app.read(loaded.source, {}).prices.of(
        case.carrier, number.digits, number.country, TrafficClass.TRANSACTIONAL, 1, time.time(), 0
    )

    assert (price is None) == (case.carrier == ALIBABA_INTL)

"""Durations, rates, money and secrets as operators write them."""

import traceback
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from smppgw.core import values
from smppgw.core.values import PerSecond, Seconds, Secret, micros, parse_duration, parse_money, parse_rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30.0),
        ("5m", 300.0),
        ("5min", 300.0),
        ("2.5 h", 9000.0),
        ("7d", 604800.0),
        (" 1s ", 1.0),
        (30, 30),
        (0.5, 0.5),
    ],
)
def test_a_duration_becomes_seconds(text: object, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "30 seconds", "-5s", "1h30m", "1e3s", "30S", ".5s"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='write "500ms"'):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "per_second"), [("50/s", 50.0), ("300/min", 5.0), ("90 / m", 1.5), ("1800/h", 0.5), (20, 20)]
)
def test_a_rate_becomes_events_per_second(text: object, per_second: float) -> None:
    assert parse_rate(text) == pytest.approx(per_second)


@pytest.mark.parametrize("text", ["", "50", "50/", "/s", "50/d", "-1/s", "fast"])
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='write "50/s"'):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("0.075 EUR", (75_000, "EUR")), ("12 USD", (12_000_000, "USD")), ("0.000001 CNY", (1, "CNY"))],
)
def test_money_becomes_millionths_and_a_currency(text: str, amount: tuple[int, str]) -> None:
    assert parse_money(text) == amount


@pytest.mark.parametrize("text", ["", "0.075", "EUR", "0.075EUR", "0,075 EUR", "0.075 eur", "-1 EUR", "0.0000001 EUR"])
def test_what_is_no_money_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r'write "0.075 EUR"'):
        parse_money(text)


@given(st.integers(0, 10**15))
def test_millionths_are_exact(amount: int) -> None:
    assert micros(f"{amount // 1_000_000}.{amount % 1_000_000:06d}") == amount
    assert micros(values.amount(amount)) == amount


@pytest.mark.parametrize(
    ("millionths", "text"), [(75_000, "0.075"), (100_000, "0.10"), (2_000_000, "2.00"), (1, "0.000001"), (0, "0.00")]
)
def test_millionths_are_written_as_money_is(millionths: int, text: str) -> None:
    assert values.amount(millionths) == text


def test_an_amount_may_be_owed_and_has_as_many_decimals_as_are_asked_for() -> None:
    assert [values.amount(-75_000), values.amount(-75_000, 4), values.amount(1_500_000, 6)] == [
        "-0.075", "-0.0750", "1.500000",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "x", "-1", "0.0000001", "NaN", "Infinity", "1,5"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no decimal amount|negative, nor finer"):
        micros(text)


class Options(BaseModel):
    password: Secret = Secret("")
    timeout: Annotated[Seconds, Field(gt=0)] = 1.0
    speed: PerSecond = 1.0


def test_a_model_reads_values_with_their_units() -> None:
    options = Options.model_validate({"password": "hunter2", "timeout": "2m", "speed": "120/min"})

    assert (options.password.reveal(), options.timeout, options.speed) == ("hunter2", 120.0, 2.0)


@pytest.mark.parametrize("wrong", [{"timeout": "soon"}, {"timeout": "0s"}, {"speed": "fast"}, {"password": 42}])
def test_a_model_refuses_values_that_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(wrong)


def shown(secret: Secret) -> str:
    try:
        raise RuntimeError(secret)
    except RuntimeError:
        return traceback.format_exc()


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        lambda s: f"{s!r:>20}",
        shown,
        lambda s: Options(password=s).model_dump_json(),
        lambda s: repr([s]),
    ],
)
def test_a_secret_shows_nothing_of_itself(show: object) -> None:
    assert callable(show)
    text = show(Secret("hunter2"))

    assert "***" in text
    assert "hunter2" not in text


def test_secrets_are_equal_by_what_they_hide() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_only_the_empty_secret_is_false() -> None:
    assert Secret("a")
    assert not Secret("")

"""``[accounts.pumping]`` and ``countries``: what they say, and what is told of nonsense."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from smppgw.config.pumping import PumpingSettings
from smppgw.core.values import parse_flow


def read(**values: object) -> PumpingSettings:
    return PumpingSettings.model_validate(values)


def test_amounts_are_written_per_time() -> None:
    settings = read(prefix_spend=["1 EUR/h", "3.50 EUR / d"], country_spend="8 EUR/d", prefix_messages="100/min")

    assert settings.prefix_spend == ((1_000_000, "EUR", 3600.0), (3_500_000, "EUR", 86_400.0))
    assert settings.country_spend == ((8_000_000, "EUR", 86_400.0),)
    assert settings.prefix_messages == ((100, 60.0),)


def test_without_a_word_sequences_are_looked_for() -> None:
    settings = read()

    assert (settings.sequence_numbers, settings.block_for, settings.status) == (15, 86_400.0, 0x45)
    assert (settings.prefix_spend, settings.watch_from) == ((), None)


NONSENSE: Mapping[str, tuple[Mapping[str, object], str]] = {
    "no time": ({"prefix_spend": "1 EUR"}, "nothing per time"),
    "seconds": ({"prefix_spend": "1 EUR/s"}, "nothing per time"),
    "no currency": ({"prefix_spend": "1/h"}, "no amount of money"),
    "nothing": ({"country_spend": "0 EUR/h"}, "for so little"),
    "less than it watches": ({"watch_from": "2 EUR", "prefix_spend": ["3 EUR/d", "1 EUR/h"]}, "for so little"),
    "no messages": ({"prefix_messages": "0/h"}, "no number of messages"),
    "half a message": ({"prefix_messages": "0.5/h"}, "no number of messages"),
    "watches nothing": ({"sequence_numbers": 0}, "watches nothing"),
    "a prefix of all": ({"last_digits": 5}, "less than or equal to 4"),
    "takes everything": ({"status": "ESME_ROK"}, "no status that refuses"),
    "letters": ({"allowed_prefixes": "DE"}, "no number prefix"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_refused_in_plain_words(name: str) -> None:
    values, words = NONSENSE[name]

    with pytest.raises(ValidationError, match=words):
        read(**values)


@pytest.mark.parametrize("value", [1, "", "/h", "1 EUR/", "x" * 50 + "/h"])
def test_what_is_nothing_per_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="nothing per time"):
        parse_flow(value)

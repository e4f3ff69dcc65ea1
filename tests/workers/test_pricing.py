"""What a message costs: by its carrier's card, in the reporting currency; nothing is guessed."""

from smppgw.core.model import Cost, TrafficClass
from smppgw.core.rates import Exchange, RateCard
from smppgw.workers.pricing import Prices
from tests.workers.fakes import START

CARD = RateCard.parse(["prefix,price,currency", "49,0.075,EUR", "1,0.01,USD", "44,0.04,GBP"], "alpha.csv")
TIERED = RateCard.parse(["price,currency,from_volume", "0.02,EUR,", "0.01,EUR,500"], "beta.csv")
EXCHANGE = Exchange.parse(["date,currency,rate", "2023-11-01,USD,1.25"])
PRICES = Prices({"alpha": CARD, "beta": TIERED}, EXCHANGE, "EUR")


def price(carrier: str, recipient: str, parts: int = 1, taken: int = 0) -> Cost | None:
    return PRICES.of(carrier, recipient, "DE", TrafficClass.OTP, parts, START, taken)


def test_a_message_costs_its_parts() -> None:
    assert price("alpha", "491710000001", 3) == Cost(225_000, "EUR", 225_000)


def test_another_currency_is_told_in_both() -> None:
    # 0.01 USD at 1.25 USD for one EUR
    assert price("alpha", "12025550123") == Cost(10_000, "USD", 8_000)


def test_what_no_card_knows_has_no_price() -> None:
    assert price("alpha", "33612345678") is None


def test_without_an_exchange_rate_there_is_no_price() -> None:
    assert price("alpha", "447700900000") is None


def test_a_carrier_without_a_card_has_no_prices() -> None:
    assert price("gamma", "491710000001") is None


def test_what_was_taken_before_decides_on_the_tier() -> None:
    assert price("beta", "491710000001", taken=499) == Cost(20_000, "EUR", 20_000)
    assert price("beta", "491710000001", taken=500) == Cost(10_000, "EUR", 10_000)

"""Cards, exchange rates and routes must agree; each fault has its file and line."""

from pathlib import Path

import pytest

from smppgw.config.faults import ConfigFaults
from tests.config.conftest import Load

CARRIER = '[carriers.loop]\ntype = "loopback"\nrates = "r.csv"'
HEADER = "prefix,country,mccmnc,price,currency,valid_from,valid_to,from_volume"
RATES = '[rates]\nexchange = "e.csv"'


@pytest.fixture
def write(tmp_path: Path) -> Path:
    (tmp_path / "e.csv").write_text("date,currency,rate\n2026-01-02,USD,1.1\n")
    return tmp_path / "r.csv"


def faults(load_text: Load, **parts: str) -> list[str]:
    with pytest.raises(ConfigFaults) as caught:
        load_text(**({"carriers": CARRIER} | parts))
    return [str(fault) for fault in caught.value.faults]


def warnings(load_text: Load, **parts: str) -> tuple[str, ...]:
    return load_text(**({"carriers": CARRIER} | parts)).warnings


def test_every_faulty_line_is_named(load_text: Load, write: Path) -> None:
    write.write_text(
        f"{HEADER}\n49,,,cheap,EUR,,,\n43,,,1,EUR,2026-01-01,2026-12-31,\n43,,,2,EUR,2026-07-01,,\n44,,,1\n"
    )

    assert faults(load_text) == [
        "carriers.loop.rates: r.csv, line 2: price 'cheap' is not an amount with at most six decimals",
        "carriers.loop.rates: r.csv, line 4: it holds with line 3 from 2026-07-01 to 2026-12-31",
        "carriers.loop.rates: r.csv, line 5: 4 fields under a header of 8",
    ]


def test_a_currency_that_nobody_can_convert_is_a_fault(load_text: Load, write: Path) -> None:
    write.write_text(f"{HEADER}\n49,,,1,EUR,,,\n1,,,1,USD,,,\n44,,,1,GBP,,,\n")

    assert faults(load_text, more=RATES) == ["carriers.loop.rates: r.csv, line 4: there is no exchange rate for GBP"]
    assert len(faults(load_text)) == 2  # without any exchange rate


def test_faulty_exchange_rates_are_told_alone(load_text: Load, write: Path) -> None:
    write.write_text(f"{HEADER}\n1,,,1,USD,,,\n")
    (write.parent / "e.csv").write_text("date,currency,rate\n2026-01-02,USD,0\n")

    assert faults(load_text, more=RATES) == ["rates.exchange: e.csv, line 2: rate is zero"]


def test_a_file_that_is_no_text_is_a_fault(load_text: Load, write: Path) -> None:
    write.write_bytes(b"\xff\xfe\x00")

    (fault,) = faults(load_text)

    assert fault.startswith("carriers.loop.rates: cannot read ")


def test_what_a_card_lacks_is_a_warning(load_text: Load, write: Path) -> None:
    write.write_text(f"{HEADER}\n49,,,1,EUR,,2026-03-31,\n49,,,1,EUR,2026-04-02,,\n")

    assert warnings(load_text) == (
        "carriers.loop.rates (r.csv, line 3) neither this nor line 2 holds from 2026-04-01 to 2026-04-01",
    )


def test_many_warnings_of_a_card_are_cut_short(load_text: Load, write: Path) -> None:
    write.write_text(HEADER + "".join(f"\n{prefix},,,1,EUR,,,5" for prefix in range(30, 50)))

    told = warnings(load_text)

    assert len(told) == 11
    assert told[-1] == "carriers.loop.rates (r.csv) has 10 more of these; see `smppgw rates check`"


@pytest.mark.parametrize(
    ("match", "without"), [('country = ["DE", "FR"]', "FR"), ('prefix = ["4917", "33"]', "+33"), ("", "")]
)
def test_a_route_over_a_carrier_without_a_price_is_a_warning(
    load_text: Load, write: Path, match: str, without: str
) -> None:
    write.write_text(f"{HEADER}\n49,,,1,EUR,,,\n,AT,,1,EUR,,,\n")

    told = warnings(load_text, routes=f'[[routes]]\nname = "r"\ncarriers = ["loop"]\nmatch = {{ {match} }}')

    assert told == ((f"routes[r] takes {without} to loop, without a price",) if without else ())

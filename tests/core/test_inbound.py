"""Who owns a number."""

import pytest

from smppgw.core.inbound import Owners, read_pattern

OWNERS = Owners({
    "acme": ("491771234567", "1234", "10690*"),
    "bolt": ("106905*", "4917*"),
    "last": ("12345",),
})  # fmt: skip


@pytest.mark.parametrize(
    ("destination", "account"),
    [
        ("+491771234567", "acme"),  # exactly beats a beginning
        ("491771234567", "acme"),
        ("+491770000000", "bolt"),
        ("1234", "acme"),
        ("12345", "last"),
        ("1069012", "acme"),
        ("10690", "acme"),
        ("106905", "bolt"),  # the longer beginning wins
        ("123", None),
        ("123456", None),
        ("+4315551234", None),
        ("", None),
    ],
)
def test_a_number_belongs_to_who_names_it_most_exactly(destination: str, account: str | None) -> None:
    assert OWNERS.of(destination) == account


def test_a_star_alone_takes_what_nobody_else_has() -> None:
    owners = Owners({"acme": ("*",), "bolt": ("1*",)})

    assert [owners.of("+49"), owners.of("1234")] == ["acme", "bolt"]


def test_without_patterns_nobody_owns_anything() -> None:
    assert Owners({"acme": ()}).of("1234") is None


@pytest.mark.parametrize(
    ("written", "plain"), [("+491771234567", "491771234567"), ("1234", "1234"), ("+4917*", "4917*"), ("*", "*")]
)
def test_a_plus_makes_no_difference(written: str, plain: str) -> None:
    assert read_pattern(written) == plain


@pytest.mark.parametrize("written", ["", "+", "+*", "12 34", "abc", "12*34", "**", "1" * 21, "١٢٣", "1234\n"])
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="no number or code"):
        read_pattern(written)

"""What the value of a variable may be."""

import pytest

from smppgw.carriers.alibaba.attributes import ANYTHING, PASSWORD, rule_of


@pytest.mark.parametrize(
    ("attribute", "fitting", "unfit"),
    [
        ("numberCaptcha", ["1234", "123456"], ["123", "1234567", "12a4", "１２３４"]),
        ("characterWithNumber", ["12ab", "ABCDEF"], ["abc", "abcdefg", "ab-d"]),
        ("characterWithNumber2", ["12ab"], ["12"]),
        # Landline: 5 to 13 digits and hyphens, at most 15 characters; mobile: 11 digits.
        ("phone_number2", ["12345", "0571-12345678", "13900000000", "1-2-3-4-5"], ["1234", "-----", "0571 123456"]),
        ("phone_number2", ["1234567890123", "123456-7890-123"], ["12345678901234", "123456-7890-1234"]),
        ("verifyTime", ["1", "99"], ["0", "05", "100"]),
    ],
)
def test_an_attribute_has_its_rule(attribute: str, fitting: list[str], unfit: list[str]) -> None:
    rule = rule_of(attribute, is_otp=False)

    def fits(value: str) -> bool:
        return rule.shortest <= len(value) <= rule.longest and rule.takes(value)

    assert [value for value in fitting if not fits(value)] == []
    assert [value for value in unfit if fits(value)] == []


@pytest.mark.parametrize("attribute", [None, "", "money", "time", "others", "something_new"])
def test_of_other_variables_only_the_lengths_are_known(attribute: str | None) -> None:
    assert rule_of(attribute, is_otp=False) is ANYTHING
    assert rule_of(attribute, is_otp=True) is PASSWORD

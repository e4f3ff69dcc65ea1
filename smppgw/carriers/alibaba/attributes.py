"""What the value of a template's variable may be: its length and, where it is documented, its characters. Pure.

GetSmsTemplate tells an attribute per variable (``VariableAttribute``). Only attributes whose rule is official have a
pattern here; of the others no more is known than the lengths of ``isv.PARAM_LENGTH_LIMIT``, and the platform judges.
Sources: help.aliyun.com 463270 (template rules), 101346 (API error codes).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """What one variable takes."""

    shortest: int
    longest: int
    """Characters."""
    words: str
    """The rule for people."""
    pattern: re.Pattern[str] | None = None

    def takes(self, value: str) -> bool:
        """Whether a value of a legal length may stand for the variable."""
        return self.pattern is None or self.pattern.fullmatch(value) is not None


ANYTHING: Final = Rule(1, 35, "1 to 35 characters")
PASSWORD: Final = Rule(4, 6, "4 to 6 letters or digits", re.compile(r"[0-9A-Za-z]+"))
"""Of any variable of an OTP template that has no attribute."""

_BY_ATTRIBUTE: Final[Mapping[str, Rule]] = {
    "numberCaptcha": Rule(4, 6, "4 to 6 digits", re.compile(r"[0-9]+")),
    "characterWithNumber": PASSWORD,
    "characterWithNumber2": PASSWORD,
    "phone_number2": Rule(
        5,
        15,
        "a landline number of 5 to 13 digits and hyphens, or a mobile number",
        re.compile(r"-*(?:[0-9]-*){5,13}"),
    ),
    # The minutes that a password is good for; named by third parties only, and looser than PASSWORD.
    "verifyTime": Rule(1, 2, "1 to 99", re.compile(r"[1-9][0-9]?")),
}


def rule_of(attribute: str | None, *, is_otp: bool) -> Rule:
    """Return the rule of a variable; ``attribute`` is None where the platform has told none."""
    known = _BY_ATTRIBUTE.get(attribute or "")
    return known or (PASSWORD if is_otp else ANYTHING)

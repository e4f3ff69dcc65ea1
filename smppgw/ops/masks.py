"""What logs may show: shortened numbers, no secrets, no control characters. A net under the rules, not instead of them.

The rules are that nobody logs texts, and numbers only through `mask_msisdn`. The net catches what slips through inside
library messages and tracebacks.
"""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

HIDDEN: Final = "***"

_SHOWN_HEAD: Final = 5
_SHOWN_TAIL: Final = 2
_STARS: Final = "*****"

_SECRET_KEY: Final = re.compile(r"passw|secret|token|authorization|credential|cookie|api_?key", re.IGNORECASE)
_SECRETS: Final = (
    (re.compile(r"\$argon2(?:id|i|d)\$[^\s'\"]+"), HIDDEN),
    (re.compile(r"\b(Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(Signature=)[^\s,'\"]{6,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(://[^/\s:@]{1,256}:)[^/\s@]{1,256}@"), rf"\1{HIDDEN}@"),
    (
        re.compile(
            r"\b(\w{0,64}(?:password|passwd|secret|token|authorization)\w{0,64}['\"]?\s{0,8}[:=]\s{0,8}['\"]?)"
            r"(?!Secret\(|Basic |Bearer |\*\*\*)[^\s'\",;&)]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
)
_NUMBER: Final = re.compile(r"\+\d{7,15}(?!\d)")

# C0, DEL, C1, zero-width and bidirectional marks, line and paragraph separators, BOM, tags, lone surrogates: what moves
# a cursor, ends a line or reorders the text around it.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def mask_msisdn(number: str) -> str:
    """Shorten a number to country, network and the last two digits: ``+49176*****12``; short ones show nothing."""
    digits = number.removeprefix("+")
    if len(digits) <= _SHOWN_HEAD + _SHOWN_TAIL + 1:
        return f"+{_STARS}" if digits.isdecimal() else _STARS
    return f"+{digits[:_SHOWN_HEAD]}{_STARS}{digits[-_SHOWN_TAIL:]}"


def escape(text: str) -> str:
    r"""Write control characters and their like as ``\n``, ``\x1b``, ``\u202e``; the rest stays readable."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def hide_secrets(text: str) -> str:
    """Replace what looks like a secret, and numbers with a plus."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return _NUMBER.sub(lambda found: mask_msisdn(found[0]), text)


def clean(key: str, value: Any) -> Any:
    """Make one value of a log record safe to show, whatever it is."""
    if isinstance(value, float):
        return value if isfinite(value) else str(value)  # JSON knows neither infinity nor NaN
    if isinstance(value, int) or value is None:
        return value
    if _SECRET_KEY.search(key):
        return HIDDEN
    if isinstance(value, Mapping):
        return {escape(str(k)): clean(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean("", item) for item in value]
    return escape(hide_secrets(str(value)))


def clean_traceback(text: str) -> str:
    """Make a traceback safe to show; its line breaks stay."""
    return "\n".join(escape(hide_secrets(line)) for line in text.split("\n"))

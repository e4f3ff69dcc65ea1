"""Codes of a carrier as they may be shown in reasons, receipts' details and logs. Pure."""

import re
from collections.abc import Container
from typing import Final

from smppgw.carriers.http import redact

_WORD: Final = re.compile(r"[A-Za-z0-9_.:\-]{1,40}")


def code_word(code: str, known: Container[str] = ()) -> str:
    """Return a code that the configuration knows as it is, another one if it looks like a code, else "?".

    A carrier gone wrong may put the text or the number there.
    """
    if code in known:
        return code
    return redact(code) if _WORD.fullmatch(code) else "?"

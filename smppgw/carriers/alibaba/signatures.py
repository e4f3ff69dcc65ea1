"""The signature of a text: who it is from, in 【】 at its start or end. Pure."""

import re
from typing import Final

_SIGNATURE: Final = re.compile(r"【([^【】]{1,50})】(?P<after>.*)|(?P<before>.*)【([^【】]{1,50})】", re.DOTALL)


def split_signature(text: str) -> tuple[str | None, str]:
    """Take a leading or trailing ``【signature】`` off a text: the platform adds it by itself."""
    if not (found := _SIGNATURE.fullmatch(text)):
        return None, text
    if found["after"] is not None:
        return found[1], found["after"]
    return found[4], found["before"]

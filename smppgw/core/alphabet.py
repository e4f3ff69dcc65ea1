"""Whether a text fits the default alphabet of GSM, which carriers want to be told. Pure."""

import re
from typing import Final

_OUTSIDE: Final = re.compile(
    "[^@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,\\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà\f^{}\\\\\\[~\\]|€]"
)
"""Anything that neither the default alphabet nor its extension table has (3GPP TS 23.038, 6.2.1)."""


def fits_gsm7(text: str) -> bool:
    """Say whether every character of a text is in the default alphabet or its extension table."""
    return _OUTSIDE.search(text) is None

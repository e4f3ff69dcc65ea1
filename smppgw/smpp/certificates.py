"""The names in a client's certificate, as `ssl` hands it over: what accounts are mapped by. Values only.

The certificate is verified before anybody asks for its names; without a verified one there are none.
"""

from collections.abc import Mapping
from typing import Any, Final

_ALTERNATIVE: Final = frozenset({"DNS", "URI", "email"})
"""Kinds of subjectAltName that stand for a system; an address stands for a place."""


def names_of(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the common names of the subject and its alternative names, exactly as they are written.

    Args:
        certificate: What `ssl.SSLSocket.getpeercert` returns; None or empty where the peer showed none.
    """
    if not certificate:
        return frozenset()
    subject = (attribute for names in certificate.get("subject", ()) for attribute in names)
    common = {value for kind, value in subject if kind == "commonName"}
    return frozenset(common | {value for kind, value in certificate.get("subjectAltName", ()) if kind in _ALTERNATIVE})

"""What a message is for, where its account has several kinds: told by the words an old system already has.

Rules are tried in order; every field that a rule names must hold. The first that fits decides, else the account does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from smppgw.core.model import TrafficClass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRule:
    """One way to tell a class; None: no matter."""

    traffic_class: TrafficClass
    service_type: str | None = None
    priority_flag: int | None = None
    tlv: tuple[int, bytes | None] | None = None
    """A vendor's own parameter: its tag, and its value if that matters."""
    text: Callable[[str], bool] | None = None
    """Whether a text fits."""

    def fits(self, service_type: str, priority_flag: int, vendor_tlvs: bytes, text: str) -> bool:
        """Whether it is for this message; ``vendor_tlvs`` as they stood on the wire."""
        return (
            self.service_type in (None, service_type)
            and self.priority_flag in (None, priority_flag)
            and (self.tlv is None or _has(vendor_tlvs, *self.tlv))
            and (self.text is None or self.text(text))
        )


def classify(
    rules: Sequence[ClassRule],
    default: TrafficClass,
    *,
    service_type: str,
    priority_flag: int,
    vendor_tlvs: bytes,
    text: str,
) -> TrafficClass:
    """Return the class of a message; that of a part is told by what the part says."""
    for rule in rules:
        if rule.fits(service_type, priority_flag, vendor_tlvs, text):
            return rule.traffic_class
    return default


def _has(tlvs: bytes, tag: int, value: bytes | None) -> bool:
    """Whether a parameter stands among these: tag and length of two octets each, then the value (SMPP v3.4, 3.2.4)."""
    at = 0
    while at + 4 <= len(tlvs):
        found, length = int.from_bytes(tlvs[at : at + 2], "big"), int.from_bytes(tlvs[at + 2 : at + 4], "big")
        if found == tag:
            return value is None or tlvs[at + 4 : at + 4 + length] == value
        at += 4 + length
    return False

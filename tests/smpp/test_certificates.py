"""Names in client certificates."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from smppgw.smpp.certificates import names_of

SUBJECT = {"subject": ((("countryName", "DE"),), (("organizationName", "boss"), ("commonName", "legacy")))}


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        (None, set()),
        ({}, set()),
        (SUBJECT, {"legacy"}),
        ({"subjectAltName": (("DNS", "a.example"), ("URI", "urn:b"), ("email", "c@example.com"))},
         {"a.example", "urn:b", "c@example.com"}),
        (SUBJECT | {"subjectAltName": (("DNS", "a.example"),)}, {"legacy", "a.example"}),
        ({"subjectAltName": (("IP Address", "10.0.0.1"), ("DirName", "legacy"), ("othername", "<unsupported>"))},
         set()),
        ({"issuer": ((("commonName", "boss"),),)}, set()),
    ],
)  # fmt: skip
def test_only_names_that_stand_for_a_system_count(certificate: dict[str, Any] | None, names: set[str]) -> None:
    assert names_of(certificate) == names


def test_a_real_certificate_is_read() -> None:
    """In the form that the standard library gives it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(Path(__file__).parents[1] / "data" / "tls" / "ca.pem")

    (authority,) = context.get_ca_certs()

    assert isinstance(authority, dict)
    assert names_of(authority) == {"smppgw test CA"}

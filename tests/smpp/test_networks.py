"""Allow-lists: what cannot be judged is not in them."""

from ipaddress import ip_network

import pytest

from smppgw.smpp.networks import is_in

NETWORKS = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::7", True),
        ("11.0.0.1", False),
        ("::1", False),
        ("", False),
        ("legacy.example.com", False),
        ("10.1.2.3 ", False),
        ("010.1.2.3", False),
    ],
)
def test_an_address_is_in_a_list_or_it_is_not(host: str, found: bool) -> None:
    assert is_in(host, NETWORKS) is found


def test_an_empty_list_holds_nobody() -> None:
    assert not is_in("10.1.2.3", ())

"""Whether an address lies in a list of networks: what allow-lists are made of. What cannot be judged lies in none."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network


def is_in(host: str, networks: Iterable[Network]) -> bool:
    """Tell whether an address lies in one of the networks; an IPv4 address may come in its IPv6 form."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)

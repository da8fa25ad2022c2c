"""Which forwarded headers count, and what they say. Pure (ID-03, OP-231)."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

Networks = Sequence[IPv4Network | IPv6Network]


def is_in(address: str, networks: Networks) -> bool:
    """Whether a textual IP address lies in one of the networks. Anything that is not an address does not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks if parsed.version == network.version)


def client_address(remote: str, forwarded_for: str, trusted: Networks) -> str:
    """The address of the caller, given the peer's address and its ``X-Forwarded-For`` header.

    The header is read from the right and only as far as the hops are trusted: everything further left was
    written by somebody we do not know. A hop that is no address ends the reading.
    """
    address = remote
    for hop in reversed(forwarded_for.split(",")) if forwarded_for else ():
        if not is_in(address, trusted):
            break
        hop = hop.strip()
        try:
            ip_address(hop)
        except ValueError:
            break
        address = hop
    return address


def is_https(scheme: str, forwarded_proto: str, remote: str, trusted: Networks) -> bool:
    """Whether the caller spoke HTTPS to us or to a proxy that we trust."""
    if forwarded_proto and is_in(remote, trusted):
        return forwarded_proto.split(",")[-1].strip().lower() == "https"
    return scheme == "https"

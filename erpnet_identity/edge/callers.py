"""Who counts as one caller (OP-234)."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network

from . import ip

_OWN = 64  # bits of an IPv6 address that are given to one connection; the other 64 its owner chooses anew at will


@lru_cache(maxsize=4096)
def caller_of(address: str) -> str:
    """What every limit counts an address under: an IPv4 address, also when it is written as IPv6, or the /64 of an
    IPv6 address. What is no address stays as it is."""
    parsed = ip.parse(address.partition("%")[0])
    if parsed is None:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(IPv6Network((parsed, _OWN), strict=False))

"""IP addresses as texts (OP-231, OP-234). Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def parse(text: str) -> IPv4Address | IPv6Address | None:
    """The address that a text says; one of IPv4 that is written as IPv6 (RFC 4291 §2.5.5.2) is the IPv4 address that it
    means. None for what is no address."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped if mapped is not None else parsed

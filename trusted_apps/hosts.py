"""Hosts of registered addresses: DNS names and IP addresses, each in the one spelling that every reader takes for the
same host (RFC 3986 §3.2.2, RFC 1123 §2.1, RFC 5890). Pure."""

import ipaddress
import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
# What a browser reads as the number of an address: 127.1, 0x7f000001, 2130706433.
_NUMBER = re.compile(r"([0-9]+|0x[0-9a-f]*)\Z")
_RESERVED = "%:/?#[]@!$&'()*+,;=-._~"


def is_good(host: str) -> bool:
    """Whether the host, in lower case and without brackets, is a DNS name or an IP address as everybody writes it."""
    if ":" in host:
        return "%" not in host and _is_address(host)
    labels = host.removesuffix(".").split(".")
    if _NUMBER.match(labels[-1]):
        return _is_address(host)
    return all(_LABEL.match(label) and _is_decodable(label) for label in labels)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_decodable(label: str) -> bool:
    if not label.startswith("xn--"):
        return True
    try:
        return not label[4:].encode("ascii").decode("punycode").isascii()
    except UnicodeError:
        return False


def _ascii_label(label: str) -> str:
    # Letter case and width as browsers fold them; ß and ς stay what they are (UTS 46, non-transitional).
    mapped = unicodedata.normalize("NFKC", label.lower())
    return mapped if mapped.isascii() else f"xn--{mapped.encode('punycode').decode('ascii')}"


def in_ascii(uri: str) -> str | None:
    """The address as it goes over the wire: its host in Punycode, the rest percent-encoded. None for what is none."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or ":" in host or parts.username is not None:
        return None
    name = ".".join(map(_ascii_label, host.replace("\u3002", ".").split(".")))
    rest = (quote(part, safe=_RESERVED) for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, name if port is None else f"{name}:{port}", *rest, "")) if is_good(name) else None

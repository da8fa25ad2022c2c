"""Which forwarded headers count, and what they say. Pure (ID-03, OP-231).

Read are ``X-Forwarded-For`` with ``X-Forwarded-Proto`` and, where neither is sent, ``Forwarded`` (RFC 7239). A header
that the proxy does not write itself it passes on as the caller wrote it, so the two are never mixed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Any

from django.core.exceptions import PermissionDenied

from . import ip

Networks = Sequence[IPv4Network | IPv6Network]

# An IPv4 address or an IPv6 address in brackets, with or without a port. RFC 7239 §6 allows a word in place of each.
_NODE = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15}))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]{1,50}))?")
_PAIR = re.compile(r'\s*([A-Za-z]{1,20})=(?:"([^"\\]{0,100})"|([^\s",;]{0,100}))\s*')


class UntrustedProxy(PermissionDenied):
    """A proxy says with ``header`` that the caller spoke HTTPS, and nobody has said that this proxy may be believed.
    Without a header the proxy does not say it, although the browser did speak HTTPS."""

    def __init__(self, header: str, address: str) -> None:
        super().__init__(header)
        self.header = header
        self.address = address


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy says of the connection it got: from where, and over which scheme. Empty where it does not say."""

    address: str = ""
    scheme: str = ""


def is_in(address: str, networks: Networks) -> bool:
    """Whether a textual IP address lies in one of the networks. Anything that is not an address does not."""
    parsed = ip.parse(address)
    return parsed is not None and any(parsed in network for network in networks if parsed.version == network.version)


def as_ipv4(address: str) -> str:
    """An IPv4 address that is written as IPv6 (RFC 4291 §2.5.5.2) in its own form: a server that listens on ``::`` is
    told ``::ffff:10.0.0.1``. Anything else stays as it is."""
    parsed = ip.parse(address) if ":" in address else None
    return str(parsed) if isinstance(parsed, IPv4Address) else address


def node_address(text: str) -> str:
    """The address in what a proxy wrote for a caller, without its port and brackets; empty for anything else."""
    text = text.strip()
    found = _NODE.fullmatch(text)
    candidate = (found[1] or found[2]) if found else text
    return as_ipv4(candidate) if ip.parse(candidate) is not None else ""


def client_address(remote: str, forwarded_for: str, trusted: Networks) -> str:
    """The address of the caller, given the peer's address and its ``X-Forwarded-For`` header.

    The header is read from the right and only as far as the hops are trusted: everything further left was
    written by a program we do not know. A hop that is no address ends the reading.
    """
    hops = (Hop(node_address(text)) for text in reversed(forwarded_for.split(","))) if forwarded_for else ()
    return _follow(remote, hops, trusted).address


def is_https(scheme: str, forwarded_proto: str, remote: str, trusted: Networks) -> bool:
    """Whether the caller spoke HTTPS to us or to a proxy that we trust."""
    if forwarded_proto and is_in(remote, trusted):
        return _last(forwarded_proto) == "https"
    return scheme == "https"


def standard_header(meta: Mapping[str, Any]) -> str:
    """The ``Forwarded`` header where it counts, else an empty text."""
    if "HTTP_X_FORWARDED_FOR" in meta or "HTTP_X_FORWARDED_PROTO" in meta:
        return ""
    return str(meta.get("HTTP_FORWARDED", ""))


def read_forwarded(remote: str, header: str, trusted: Networks) -> Hop:
    """The same two from a ``Forwarded`` header: the address of the caller and the scheme that it spoke to the first
    proxy that we trust, empty when none says so."""
    return _follow(remote, (_element(text) for text in reversed(header.split(","))), trusted)


def claims_https(meta: Mapping[str, Any]) -> str:
    """The name of the header that says that the caller spoke HTTPS, whichever proxy wrote it; empty when none does."""
    if _last(str(meta.get("HTTP_X_FORWARDED_PROTO", ""))) == "https":
        return "X-Forwarded-Proto"
    return "Forwarded" if _element(standard_header(meta).split(",")[-1]).scheme == "https" else ""


def is_of_secure_page(meta: Mapping[str, Any]) -> bool:
    """Whether the browser speaks HTTPS by its own account: only then, and on its own machine, it says how a request
    came about (Fetch Metadata §3, ``Sec-Fetch-Site``). A program may write that as well and gains nothing."""
    host = str(meta.get("HTTP_HOST", "")).lower()
    is_own = host.startswith(("localhost", "127.", "[::1]")) or host.partition(":")[0].endswith(".localhost")
    return "HTTP_SEC_FETCH_SITE" in meta and not is_own


def _follow(remote: str, hops: Iterable[Hop], trusted: Networks) -> Hop:
    """The farthest hop that was told by a proxy we trust, beginning with the nearest."""
    address, scheme = remote, ""
    for hop in hops:
        if not is_in(address, trusted):
            break
        scheme = hop.scheme or scheme
        if not hop.address:
            break
        address = hop.address
    return Hop(address, scheme)


def _element(text: str) -> Hop:
    """One element of ``Forwarded`` (RFC 7239 §4); an empty hop for one that cannot be read."""
    values: dict[str, str] = {}
    for pair in text.split(";"):
        found = _PAIR.fullmatch(pair)
        if found is None or found[1].lower() in values:
            return Hop()
        values[found[1].lower()] = found[2] if found[2] is not None else found[3]
    return Hop(node_address(values.get("for", "")), values.get("proto", "").lower())


def _last(values: str) -> str:
    return values.rpartition(",")[2].strip().lower()

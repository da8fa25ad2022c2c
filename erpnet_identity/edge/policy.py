"""What a page may load and where its forms may go (ID-04, OP-76, OP-80, OP-230). Pure."""

import re
from urllib.parse import urlsplit

# Everything a page of ours needs comes from ourselves; scripts and styles are files, never written into a page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action {}; base-uri 'none'; frame-ancestors 'none'"
)
CONTENT_SECURITY_POLICY = _POLICY.format("'self'")
# Of a page whose address holds something that nobody else may learn: only our host is told (OP-230). Never
# `no-referrer` on a page with a form: with it browsers send the form with `Origin: null`, which we refuse as a forgery,
# and so do many applications (Fetch, "append a request `Origin` header").
ORIGIN_ONLY = "strict-origin"
# Of an answer that leads to another site at once.
NO_REFERRER = "no-referrer"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


def _scheme(address: str) -> str:
    scheme = urlsplit(address).scheme
    return f"{scheme}:" if _SCHEME.fullmatch(scheme) else ""


def leading_to(address: str) -> str:
    """The policy of a page whose form leads, through redirects of ours, to an application at ``address``.

    Chromium holds every redirect that follows a form against ``form-action``, those of the application included, and
    stops at the first that does not fit: the person presses a button and nothing happens. Where an application goes on
    to is its own business, so only the scheme is held.
    """
    return _POLICY.format(f"'self' {_scheme(address)}".strip())


def posting_to(address: str) -> str:
    """The policy of the page that posts an answer to the application at ``address``, and nowhere else (OP-76)."""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    # An own scheme and a numeric IPv6 host have no origin that a policy could name.
    return _POLICY.format(origin if _ORIGIN.fullmatch(origin) else _scheme(address) or "'none'")

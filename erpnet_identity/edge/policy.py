"""What a page may load and where its forms may go (ID-04, OP-76, OP-80, OP-230). Pure."""

import re
from urllib.parse import urlsplit

# Everything a page of ours needs comes from ourselves; scripts and styles are files, never written into a page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action {}; base-uri 'none'; frame-ancestors 'none'"
)
CONTENT_SECURITY_POLICY = _POLICY.format("'self'")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


def form_source(address: str) -> str:
    """The source expression that lets a form reach ``address``: its origin, or its scheme where an origin cannot be
    written (an application's own scheme, a numeric IPv6 host). Empty for what is no address."""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    if _ORIGIN.fullmatch(origin):
        return origin
    return f"{parts.scheme}:" if _SCHEME.fullmatch(parts.scheme) else ""


def with_form_target(address: str, *, only: bool = False) -> str:
    """The policy of a page whose form ends, directly or through redirects, at ``address``. Browsers check the
    redirects too: without it the person would press a button and nothing would happen. ``only``: nowhere else."""
    source = form_source(address)
    return _POLICY.format(source if only and source else f"'self' {source}".strip())

"""The instance's own logo: a small picture, kept as a ``data:`` address so that it is part of the manifest. Pure."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

MAX_BYTES = 48 * 1024
_ADDRESS = re.compile(r"data:(image/(?:png|jpeg|webp));base64,([A-Za-z0-9+/]+={0,2})")
# By what a picture begins with, so that nothing else is served as one. No SVG: it can hold scripts.
_BEGINNINGS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture as a browser gets it. Its ``mark`` changes with it and is part of its address."""

    media_type: str
    content: bytes

    @property
    def mark(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:16]

    def __str__(self) -> str:
        return f"{self.media_type}, {len(self.content)} bytes, {self.mark}"


def read(address: str) -> Logo | None:
    """The picture in a ``data:`` address, None for an empty one. Raises ``ValueError`` with a sentence."""
    if not address:
        return None
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise ValueError("A logo is a PNG, JPEG or WebP picture, as data:image/png;base64,… and so on.")
    try:
        content = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        raise ValueError("The logo is not readable base64.") from None
    if len(content) > MAX_BYTES:
        raise ValueError(f"The logo has {len(content)} bytes; at most {MAX_BYTES} are shown on every page.")
    if not content.startswith(_BEGINNINGS[found[1]]):
        raise ValueError(f"The logo is no picture of the kind {found[1]}.")
    return Logo(found[1], content)

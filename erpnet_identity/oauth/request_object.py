"""The one thing that is read of a request object although request objects are refused: how its author reads the answer
(RFC 9101, OP-52)."""

import base64
import json


def wants_form_post(request_object: str) -> bool:
    """Whether the claims ask for ``form_post``. Nothing else is looked at and nothing is believed: whoever wrote it,
    the refusal goes to a registered address of the application, by another of the ways that this server offers."""
    parts = request_object.split(".")
    if len(parts) != 3:
        return False
    try:
        encoded = parts[1].encode("ascii")
        claims = json.loads(base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(claims, dict) and claims.get("response_mode") == "form_post"

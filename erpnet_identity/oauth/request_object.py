"""The one thing that is read of a request object although request objects are refused: how its author reads the answer
(RFC 9101, OP-52)."""

import base64
import json


def response_mode(request_object: str) -> str:
    """The response mode that the claims ask for, empty without one. Nothing else is looked at and nothing is believed:
    whatever wrote it, the refusal goes to a registered address of the application, by a way that this server offers."""
    parts = request_object.split(".")
    if len(parts) != 3:
        return ""
    try:
        encoded = parts[1].encode("ascii")
        claims = json.loads(base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError):
        return ""
    wished = claims.get("response_mode") if isinstance(claims, dict) else None
    return wished if isinstance(wished, str) else ""

"""Client secrets: made, hashed, compared (TA-50 to TA-56)."""

import base64
import binascii
import hashlib
import hmac
import secrets

# Letters and digits are the same encoded and raw, so that libraries which do not encode the Basic header work
# with every secret that we make (ID-102).
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
GENERATED_LENGTH = 40  # 40 · log2(62) = 238 bits
WEAK_BELOW = 24


def generate() -> str:
    """A new secret of 40 letters and digits, 238 bits from the system's generator."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(GENERATED_LENGTH))


def digest(secret: str) -> str:
    """Base64(SHA-256(UTF-8 secret)): exactly ``ApplicationSecretHash`` (TA-14). 44 characters."""
    return base64.b64encode(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()).decode("ascii")


def is_digest(text: str) -> bool:
    """Whether the text is what ``digest`` returns: standard Base64 of exactly 32 bytes (TA-35)."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == 32 and base64.b64encode(raw).decode("ascii") == text


def matches(secret: str, stored: str) -> bool:
    """Whether the secret belongs to the stored hash, in constant time."""
    return hmac.compare_digest(digest(secret), stored)


def weakness(secret: str) -> str | None:
    """Why a secret that a person chose is weak, as a sentence, or None. The hash is fast and unsalted, so only a
    long and random secret withstands a thief of a copy of the database."""
    if len(secret) < WEAK_BELOW:
        return f"The secret has {len(secret)} characters; one with fewer than {WEAK_BELOW} can be guessed."
    if len(set(secret)) < 10:
        return "The secret repeats few characters and can be guessed."
    return None

"""Making, announcing and revoking signing keys, and the ring of parsed keys that a process works with."""

import secrets
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.utils import timezone
from joserfc.jwk import RSAKey

from erpnet_identity.audit import events
from erpnet_identity.audit.context import SYSTEM, Actor
from erpnet_identity.audit.services import record

from . import schedule
from .models import SigningKey

KEY_BITS = 2048
# A rotation is announced a day ahead, so reading the keys anew this often is early enough; a revoked key stops
# working in every process within this time.
_RING_SECONDS = 30.0


class NoSigningKey(Exception):
    """No key can sign: every key is revoked or not active yet."""


def _cipher() -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in settings.KEY_ENCRYPTION_KEYS])
    except ValueError:
        raise ImproperlyConfigured(
            "KEY_ENCRYPTION_KEYS: each key is 32 random bytes in URL-safe base64. Make one with: "
            "python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
        ) from None


def create_key(*, activates_at: datetime, actor: Actor, is_first: bool | None = None) -> SigningKey:
    """Make a key pair and store it, the private part encrypted. It is published at once and signs from
    ``activates_at`` on."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    kid = secrets.token_hex(16).upper()
    public = RSAKey.import_key(private.public_key()).as_dict(private=False)
    with transaction.atomic():
        key = SigningKey.objects.create(
            kid=kid,
            private_key=_cipher().encrypt(pem).decode("ascii"),
            public_jwk={"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": public["n"], "e": public["e"]},
            created=timezone.now(),
            activates_at=activates_at,
            is_first=is_first,
        )
        record(events.SIGNING_KEY_ADDED, actor=actor, detail={"kid": kid, "activates_at": activates_at.isoformat()})
    forget_ring()
    return key


def _at_once() -> datetime:
    # A little in the past: requests that began before the key was made, and nodes whose clocks lag, need it too.
    return timezone.now() - timedelta(minutes=5)


def ensure_key() -> None:
    """Make the instance's first key if there is none. Safe when several processes start at once."""
    if SigningKey.objects.exists():
        return
    try:
        create_key(activates_at=_at_once(), actor=SYSTEM, is_first=True)
    except IntegrityError:
        forget_ring()  # another process was first; its key is ours too


def announce_key(*, actor: Actor, lead: timedelta = schedule.ANNOUNCE) -> SigningKey:
    """Begin a rotation: the new key is published now and signs after ``lead`` (ID-23)."""
    return create_key(activates_at=timezone.now() + lead, actor=actor)


@transaction.atomic
def revoke_key(kid: str, *, actor: Actor) -> None:
    """Withdraw a key that may have been disclosed: neither published nor accepted from now on.

    Makes a successor that signs at once when no other key could. Raises ``SigningKey.DoesNotExist``.
    """
    key = SigningKey.objects.select_for_update().get(kid=kid)
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        record(events.SIGNING_KEY_REVOKED, actor=actor, detail={"kid": kid})
    if schedule.active(list(SigningKey.objects.all()), timezone.now()) is None:
        create_key(activates_at=_at_once(), actor=actor)
    forget_ring()


def private_key(key: SigningKey) -> RSAKey:
    """The parsed private key. Raises ``ImproperlyConfigured`` when none of the encryption keys opens it."""
    try:
        pem = _cipher().decrypt(key.private_key)
    except InvalidToken:
        raise ImproperlyConfigured(
            f"The signing key {key.kid} cannot be decrypted: KEY_ENCRYPTION_KEYS does not hold the key it was "
            "encrypted with."
        ) from None
    return RSAKey.import_key(pem)


class Encryption(Enum):
    """Which of the encryption keys opens a private key: the first, a later one, or none."""

    CURRENT = "current"
    FORMER = "former"
    LOST = "lost"


def encryption(key: SigningKey) -> Encryption:
    """How the private part of a key is encrypted (OPS-04)."""
    for position, text in enumerate(settings.KEY_ENCRYPTION_KEYS):
        try:
            Fernet(text).decrypt(key.private_key)
        except InvalidToken:
            continue
        return Encryption.FORMER if position else Encryption.CURRENT
    return Encryption.LOST


def lost_keys(now: datetime) -> list[SigningKey]:
    """The keys that sign now or later and that no encryption key opens: the instance cannot issue tokens with them."""
    rows = list(SigningKey.objects.filter(revoked_at=None))
    signing = schedule.active(rows, now)
    needed = [row for row in rows if row == signing or row.activates_at > now]
    return [row for row in needed if encryption(row) is Encryption.LOST]


@transaction.atomic
def reencrypt(*, actor: Actor) -> list[SigningKey]:
    """Encrypt with the first encryption key what a later one opens, so that the later ones can be taken away.

    What none opens stays as it is. Returns the keys that were changed.
    """
    changed = []
    for key in SigningKey.objects.select_for_update():
        if encryption(key) is Encryption.FORMER:
            key.private_key = _cipher().rotate(key.private_key).decode("ascii")
            key.save(update_fields=["private_key"])
            record(events.SIGNING_KEY_REENCRYPTED, actor=actor, detail={"kid": key.kid})
            changed.append(key)
    return changed


@dataclass(frozen=True, slots=True)
class Ring:
    """What a process knows of the keys. Parsing a key costs 29 ms and is done once per key, not once per token."""

    read_at: float
    rows: tuple[SigningKey, ...]
    public: dict[str, RSAKey]
    private: dict[str, RSAKey]

    def published(self, now: datetime) -> list[SigningKey]:
        return schedule.published(self.rows, now)


_ring: Ring | None = None
_lock = threading.Lock()


def ring(*, max_age: float = _RING_SECONDS) -> Ring:
    """The keys as of at most ``max_age`` seconds ago. No query on a warm process (OP-12)."""
    global _ring
    current = _ring
    if current is not None and time.monotonic() - current.read_at <= max_age:
        return current
    with _lock:
        current = _ring
        if current is not None and time.monotonic() - current.read_at <= max_age:
            return current
        rows = tuple(SigningKey.objects.all())
        if not rows:
            ensure_key()
            rows = tuple(SigningKey.objects.all())
        usable = [row for row in rows if row.revoked_at is None]
        known = current.private if current is not None else {}
        _ring = Ring(
            read_at=time.monotonic(),
            rows=rows,
            public={row.kid: RSAKey.import_key(row.public_jwk) for row in usable},
            private={row.kid: known[row.kid] for row in usable if row.kid in known},
        )
        return _ring


def signing_key(now: datetime) -> tuple[str, RSAKey]:
    """``kid`` and private key that sign now. Raises ``NoSigningKey``."""
    current = ring()
    row = schedule.active(current.rows, now)
    if row is None:
        raise NoSigningKey
    parsed = current.private.get(row.kid)
    if parsed is None:
        with _lock:
            parsed = current.private.get(row.kid) or private_key(row)
            current.private[row.kid] = parsed
    return row.kid, parsed


def verification_key(kid: str, now: datetime, *, with_retired: bool = False) -> RSAKey | None:
    """The public key named by a token, if that key is published; ``with_retired`` is content with one that is not
    revoked. Looks again at the database, at most once a second, for a ``kid`` that this process has not met."""
    current = ring()
    if kid not in current.public:
        current = ring(max_age=1.0)
    if kid in current.public and (with_retired or any(row.kid == kid for row in current.published(now))):
        return current.public[kid]
    return None


def forget_ring() -> None:
    """Read the keys again at the next use, in this process."""
    global _ring
    _ring = None

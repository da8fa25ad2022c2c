"""``manage.py keys``: the signing keys of the instance (ID-20 to ID-24)."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.keys import schedule, services
from erpnet_identity.keys.models import SigningKey
from erpnet_identity.keys.services import Encryption, encryption

_LOCKS = {
    Encryption.CURRENT: "",
    Encryption.FORMER: "; encrypted with a former key: `keys reencrypt`",
    Encryption.LOST: "; CANNOT BE OPENED with KEY_ENCRYPTION_KEYS",
}


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _state(key: SigningKey, keys: list[SigningKey], now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {_time(key.revoked_at)}"
    if key.activates_at > now:
        return f"announced, signs from {_time(key.activates_at)}"
    if key == schedule.active(keys, now):
        return "signs now"
    return "retired, still published" if key in schedule.published(keys, now) else "retired"


class Command(BaseCommand):
    help = "List the signing keys, begin a rotation, revoke a key that may have been disclosed, or encrypt them anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|rotate|revoke|reencrypt")
        actions.add_parser("list", help="all keys and what each one is doing")
        actions.add_parser("rotate", help="publish a new key now; it signs in 24 hours, when every client knows it")
        revoke = actions.add_parser("revoke", help="withdraw a key at once; every token that it signed is refused")
        revoke.add_argument("kid", metavar="KID", help="the key's id, as `keys list` shows it")
        actions.add_parser("reencrypt", help="encrypt all keys with the first of KEY_ENCRYPTION_KEYS")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "rotate":
            self._rotate()
        elif action == "revoke":
            self._revoke(options["kid"])
        elif action == "reencrypt":
            self._reencrypt()
        self._list()

    def _list(self) -> None:
        keys, now = list(SigningKey.objects.all()), timezone.now()
        if not keys:
            self.stdout.write("There is no signing key yet; the first one is made when the server starts.")
        for key in keys:
            self.stdout.write(
                f"{key.kid}  made {_time(key.created)}  {_state(key, keys, now)}{_LOCKS[encryption(key)]}"
            )
        if lost := services.lost_keys(now):
            raise CommandError(
                f"The instance cannot sign with {', '.join(key.kid for key in lost)}: nothing in KEY_ENCRYPTION_KEYS "
                "opens what is stored. Put the encryption key of that time back, or give these up with `keys revoke`."
            )

    def _rotate(self) -> None:
        now = timezone.now()
        waiting = [key for key in SigningKey.objects.all() if key.revoked_at is None and key.activates_at > now]
        if waiting:
            raise CommandError(
                f"A rotation is under way: {waiting[0].kid} signs from {_time(waiting[0].activates_at)}. "
                "Nothing was changed."
            )
        # An instance that has no key at all needs one that signs now, not tomorrow.
        services.ensure_key()
        key = services.announce_key(actor=SYSTEM)
        self.stdout.write(f"Announced {key.kid}. It signs from {_time(key.activates_at)}; nothing else is to be done.")

    def _reencrypt(self) -> None:
        changed = services.reencrypt(actor=SYSTEM)
        self.stdout.write(
            f"Encrypted anew: {len(changed)}. "
            + (
                "Not all keys could be opened; leave KEY_ENCRYPTION_KEYS as it is."
                if any(encryption(key) is Encryption.LOST for key in SigningKey.objects.all())
                else "Every key is opened by the first of KEY_ENCRYPTION_KEYS; the others can be taken away."
            )
        )

    def _revoke(self, kid: str) -> None:
        try:
            services.revoke_key(kid, actor=SYSTEM)
        except SigningKey.DoesNotExist:
            raise CommandError(f"There is no signing key {kid!r}. `manage.py keys list` shows them.") from None
        self.stdout.write(
            f"Revoked {kid}. Servers that run refuse its tokens within half a minute; "
            "other resource servers when they read the published keys again."
        )

"""How django-allauth does things here: our accounts, our trail, our texts (docs/decisions/accounts.md)."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from erpnet_identity.edge import mount
from erpnet_identity.edge.language import choose_language
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for, save_user

from . import texts


class AccountAdapter(DefaultAccountAdapter):
    """The hooks that we need, and nothing that shows itself to people."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # One sentence for every cause (ID-64).
        "username_password_mismatch": texts.SIGN_IN_FAILED,
        "email_password_mismatch": texts.SIGN_IN_FAILED,
        "enter_current_password": texts.CURRENT_PASSWORD_WRONG,
    }

    def set_password(self, user: Any, password: str) -> None:
        """Store a new password; the person who held the link is who did it. Another person may have known the old one,
        so it ends everything that applications hold (ID-195)."""
        self._store_password(user, password, keeps_access=False)

    def change_password(self, user: Any, password: str) -> None:
        """Store a new password of a person who knew the old one: this browser stays signed in, and access tokens live
        to their end as after a sign-out (ID-158, ID-195)."""
        self._store_password(user, password, keeps_access=True)

    @transaction.atomic
    def _store_password(self, user: Any, password: str, *, keeps_access: bool) -> None:
        user.set_password(password)
        # Read anew and locked: an administrator may have changed the account since this request began, and saving what
        # we read then would undo that.
        stored = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        stored.password = user.password
        save_user(stored, actor=actor_for(stored), password_changed=True, keeps_access=keeps_access)

    def is_ajax(self, request: HttpRequest) -> bool:
        """These pages answer with pages, whatever a caller prefers."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """What happened stands on the next page."""

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link in the mail: on the configured address, whatever host the request named (OPS-01)."""
        uid, _, token = key.partition("-")
        path = reverse("identity:password-reset-key", kwargs={"uidb36": uid, "key": token})
        return f"{mount.origin()}{path}"

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        """To the address that the account has, in the person's own language."""
        content = {
            "user": user,
            "host": mount.shown(),
            "password_reset_url": context["password_reset_url"],
        }
        with translation.override(choose_language(user.locale) or settings.LANGUAGE_CODE):
            subject = render_to_string("identity/email/password_reset_subject.txt", content)
            body = render_to_string("identity/email/password_reset.txt", content)
        EmailMessage(
            " ".join(subject.split()),
            body.strip() + "\n",
            self.get_from_email(),
            [user.email],
            # Nobody's absence message comes back (RFC 3834 §5).
            headers={"Auto-Submitted": "auto-generated"},
        ).send()

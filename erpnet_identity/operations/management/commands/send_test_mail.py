"""``manage.py send_test_mail ADDRESS``: whether mail leaves, and what the mail server says when it does not."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from erpnet_identity.edge import mount
from erpnet_identity.identity.mail import server_answer

_OF_SMTP = "django.core.mail.backends.smtp.EmailBackend"


class Command(BaseCommand):
    help = "Send a mail as the instance sends its own, and print the mail server's answer when it refuses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", metavar="ADDRESS", help="to whom")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError(f"{address} is not an e-mail address.") from None
        try:
            _message(address).send()
        except OSError as error:
            raise CommandError(f"The mail was not sent. {_because(error)}") from None
        if settings.EMAIL_BACKEND == _OF_SMTP:
            self.stdout.write(f"{_server()} took the mail from {settings.DEFAULT_FROM_EMAIL} to {address}.")
        else:
            self.stdout.write("EMAIL_URL names no mail server, so that the mail went to nobody.")


def _message(address: str) -> EmailMessage:
    return EmailMessage(
        f"Test mail of {mount.shown()}",
        f"{settings.INSTANCE_URL} can send mail. Nothing is to be done.\n",
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    )


def _server() -> str:
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"


def _because(error: OSError) -> str:
    """In the server's words: who runs this typed the address, nothing in them is secret to them."""
    code, text = server_answer(error)
    if code is not None:
        return f"{_server()} refused it ({type(error).__name__}): {code} {text}"
    return f"{_server()}: {text or type(error).__name__}"

"""Mail in the background: a page does not wait for it, and none is lost."""

import logging
import subprocess
import sys
import threading
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from erpnet_identity.identity import mail
from tests.support.server import ROOT, free_port, manage
from tests.support.smtp import mail_server


def test_nobody_waits():
    is_answered, order = threading.Event(), []
    mail.later(lambda: (is_answered.wait(10), order.append("mail")))
    order.append("page")
    is_answered.set()
    mail.flush()
    assert order == ["page", "mail"]


def test_begins_after_the_answer(monkeypatch):
    monkeypatch.setattr(mail, "DELAY", 0.05)
    begun = []
    promised = time.monotonic()
    mail.later(lambda: begun.append(time.monotonic()))
    mail.flush()
    assert begun[0] - promised >= 0.05


@pytest.mark.contract("OP-233")
def test_a_mail_server_that_refuses(caplog):
    def refuse():
        raise ConnectionRefusedError("550 maria@example.com is unknown here")

    sent = []
    with caplog.at_level(logging.ERROR):
        mail.later(refuse)
        mail.later(lambda: sent.append(1))
        mail.flush()
    assert sent == [1]
    assert "ConnectionRefusedError" in caplog.text
    assert "maria" not in caplog.text


def test_a_process_that_ends_sends_what_it_promised():
    script = (
        "from erpnet_identity.identity import mail\n"
        "for number in range(3):\n"
        "    mail.later(lambda number=number: print('sent', number, flush=True))\n"
        "print('ends', flush=True)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.stdout.split("\n")[:-1] == ["ends", "sent 0", "sent 1", "sent 2"], ended.stderr


@pytest.fixture
def through(settings):
    """``through(port)``: mail goes to a server at that port of this machine."""

    def use(port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.DEFAULT_FROM_EMAIL = "Example Ltd. <noreply@example.com>"

    return use


REFUSALS = [
    ("MAIL", "553 5.7.1 <noreply@example.com>: not the owner", "SMTPSenderRefused", 553, "not the owner"),
    ("RCPT", "550 5.1.1 <Maria@Example.com>: no Maria here", "SMTPRecipientsRefused", 550, "no *** here"),
    ("DATA", "554-5.7.1 too\r\n554 5.7.1 many links", "SMTPDataError", 554, "too 5.7.1 many links"),
    ("EHLO", "421 4.3.2 closing for maria@example.com", "SMTPHeloError", 421, "closing for ***@example.com"),
]


@pytest.mark.django_db
@pytest.mark.contract("OP-233")
class TestWhatTheServerSays:
    @pytest.mark.parametrize(("verb", "answer", "error", "code", "words"), REFUSALS)
    def test_stands_in_the_log_without_the_person(
        self, person, maria, through, caplog, verb, answer, error, code, words
    ):
        with mail_server(**{verb: answer, "HELO": answer}) as server, caplog.at_level(logging.ERROR):
            through(server.port)
            person.submit(person.open("/id/password/reset"), "reset", email="maria@example.com")
            mail.flush()
        (line,) = [record.msg for record in caplog.records if record.name == "erpnet.mail"]
        assert (line["error"], line["smtp_code"]) == (error, code)
        assert words in line["smtp_text"]
        assert line["server"] == f"127.0.0.1:{server.port}"
        assert "noreply@example.com" in line["sender"]
        assert "maria" not in caplog.text.lower()
        assert "/id/password/reset/" not in caplog.text

    def test_nobody_there(self, person, maria, through, caplog):
        through(free_port())
        with caplog.at_level(logging.ERROR):
            person.submit(person.open("/id/password/reset"), "reset", email="maria@example.com")
            mail.flush()
        assert "Connection refused" in caplog.text

    def test_another_fault_says_nothing_of_the_mail(self):
        assert mail.server_answer(KeyError("the whole mail")) == (None, "")

    @pytest.mark.parametrize("answer", [b"x" * 5000, b"\x1b[2Jline\r\nline \xff", "Ünknown".encode()])
    def test_whatever_it_is_it_is_one_short_line(self, answer):
        code, text = mail.server_answer(mail.smtplib.SMTPDataError(554, answer))
        assert code == 554
        assert text.isprintable()
        assert 0 < len(text) <= 500


class TestCommand:
    def send(self):
        output = StringIO()
        call_command("send_test_mail", "maria@example.com", stdout=output)
        return output.getvalue()

    def test_says_that_the_server_took_it(self, through):
        with mail_server() as server:
            through(server.port)
            said = self.send()
        assert said == (
            f"127.0.0.1:{server.port} took the mail from Example Ltd. <noreply@example.com> to maria@example.com.\n"
        )
        (message,) = server.mails
        assert "From: Example Ltd. <noreply@example.com>" in message.replace('"', "")
        assert "To: maria@example.com" in message
        assert "from:<noreply@example.com>" in " ".join(server.heard).lower()

    @pytest.mark.parametrize(("verb", "answer", "error", "code"), [row[:4] for row in REFUSALS])
    def test_says_why_it_did_not(self, through, verb, answer, error, code):
        with mail_server(**{verb: answer, "HELO": answer}) as server:
            through(server.port)
            with pytest.raises(CommandError) as refused:
                self.send()
        assert str(refused.value).startswith(
            f"The mail was not sent. 127.0.0.1:{server.port} refused it ({error}): {code} "
        )
        assert str(refused.value).endswith(answer.split(" ")[-1])

    def test_says_that_nobody_is_there(self, through):
        through(port := free_port())
        with pytest.raises(CommandError, match=rf"was not sent\. 127\.0\.0\.1:{port}: .*refused"):
            self.send()

    def test_says_that_there_is_no_server(self):
        assert self.send() == "EMAIL_URL names no mail server, so that the mail went to nobody.\n"

    def test_refuses_what_is_no_address(self):
        with pytest.raises(CommandError, match=r"^maria is not an e-mail address\.$"):
            call_command("send_test_mail", "maria")


def test_the_sender_is_a_setting():
    """From the variables of a process to the wire."""
    with mail_server() as server:
        variables = {"EMAIL_URL": f"smtp://127.0.0.1:{server.port}", "EMAIL_FROM": "Ünal AG <post@example.org>"}
        sent = manage("send_test_mail", "maria@example.com", **variables)
        assert sent.returncode == 0, sent.stderr
        manage(
            "send_test_mail", "maria@example.com", EMAIL_URL=variables["EMAIL_URL"], INSTANCE_URL="https://a.example"
        )
    named, default = server.mails
    assert "<post@example.org>" in named
    assert "From: noreply@a.example" in default

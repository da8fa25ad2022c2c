"""Mail in the background: neither what an address belongs to nor a slow mail server shows in how long a page takes.

One thread for the process, started with the first mail. The interpreter waits for it when it ends, so that no mail that
was promised is lost by a graceful stop.
"""

import re
import smtplib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.conf import settings

log = structlog.get_logger("erpnet.mail")

# Making a mail takes the processor from the thread that is still answering; by then the answer has left.
DELAY = 0.2  # seconds
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


# What stands before the @ in whatever a mail server takes for an address.
_LOCAL_PART = re.compile(r"[^\s<>()\[\]:;,\"'@]{1,64}@")
_LONGEST_ANSWER = 500


def later(send: Callable[[], None], *, about: str = "") -> None:
    """Run ``send`` after the current request. It must not need the database: the thread has no connection. ``about``
    is the address that it is for, which no log shows."""
    _sender.submit(_run, send, time.monotonic() + DELAY, about)


def _run(send: Callable[[], None], not_before: float, about: str) -> None:
    time.sleep(max(0.0, not_before - time.monotonic()))
    try:
        send()
    except Exception as error:
        # Nobody waits for the answer: the log is where an administrator reads it.
        code, text = server_answer(error)
        log.error(
            "a mail was not sent",
            error=type(error).__name__,
            smtp_code=code,
            smtp_text=_without_people(text, about),
            server=f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
            sender=settings.DEFAULT_FROM_EMAIL,
        )


def server_answer(error: BaseException) -> tuple[int | None, str]:
    """The code and the words in which a mail server refused, or the words for why it was not reached. No words of any
    other fault: they may hold the mail."""
    code: int
    answer: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        code, answer = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, answer = error.smtp_code, error.smtp_error
    else:
        # SMTPException is an OSError, like what connections fail with.
        return None, _one_line(str(error)) if isinstance(error, OSError) else ""
    return code, _one_line(answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer))


def _one_line(text: str) -> str:
    """What a mail server may answer, as one line that can be shown."""
    line = " ".join(text[: 4 * _LONGEST_ANSWER].split())[:_LONGEST_ANSWER]
    return "".join(character if character.isprintable() else "\ufffd" for character in line)


def _without_people(text: str, about: str) -> str:
    """``text`` without the names that addresses begin with; their hosts help and stay."""
    text = _LOCAL_PART.sub("***@", text)
    person = about.partition("@")[0]
    return re.sub(rf"(?<!\w){re.escape(person)}(?!\w)", "***", text, flags=re.IGNORECASE) if person else text


def flush() -> None:
    """Return when everything that was given to ``later`` before is done."""
    _sender.submit(lambda: None).result()

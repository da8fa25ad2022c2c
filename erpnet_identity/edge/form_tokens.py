"""The token of a form: bound to the browser and to the person who is signed in there, and not to one sign-in (ID-68).

Django puts a secret into a cookie, the same secret into each form, and makes a new one at every sign-in: then each page
that is open elsewhere in the browser is dead, and what was typed there is lost. Here the cookie keeps its secret, and a
form carries what follows from it and from the person: a page of before goes on working when the same person signs in
once more, and one that Maria opened is never sent as Boris. Who could plant a cookie still knows no form token of
anybody, because the server's own key is in it. Forms that are about nobody who is signed in, such as the sign-in page,
are bound to the browser alone (``of_nobody``).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.middleware import csrf
from django.utils.crypto import salted_hmac
from django.utils.functional import SimpleLazyObject

_SALT = "erpnet.edge.form"
_KEPT = "erpnet.browser_secret"
View = TypeVar("View", bound=Callable[..., Any])


def of_nobody(view: View) -> View:
    """Mark a view, or the class of one, whose forms are not about the person who is signed in; the one that shows the
    form and the one that takes it."""
    view.form_is_of_nobody = True  # type: ignore[attr-defined]
    return view


def answers_stale(answer: Callable[..., HttpResponse]) -> Callable[[View], View]:
    """Say what a view answers to a form of ours whose token is void. ``answer`` gets what the view gets."""

    def mark(view: View) -> View:
        view.answer_stale = staticmethod(answer) if isinstance(view, type) else answer  # type: ignore[attr-defined]
        return view

    return mark


def marked(request: HttpRequest, name: str) -> Any:
    """What the view of this request was marked with, else None."""
    match = request.resolver_match
    if match is None:
        return None
    return getattr(getattr(match.func, "view_class", match.func), name, None)


def keep_secret(request: HttpRequest) -> None:
    """Note the secret of this browser: a sign-in must not replace it."""
    if secret := request.META.get("CSRF_COOKIE"):
        request.META.setdefault(_KEPT, secret)


def kept_secret(request: HttpRequest) -> str | None:
    """The secret that the browser came with, or was given when it came with none."""
    secret: str | None = request.META.get(_KEPT)
    return secret


def bound(secret: str, request: HttpRequest, key: str | None = None) -> str:
    """What a form of this browser holds for this person at this view, before it is masked; ``key`` is the secret key of
    the instance when the page was made, without it the one of now."""
    person = ""
    if not marked(request, "form_is_of_nobody"):
        user = getattr(request, "user", None)
        person = str(user.pk) if user is not None and user.is_authenticated else ""
    digest = salted_hmac(_SALT, f"{secret}:{person}", secret=key, algorithm="sha256").hexdigest()
    return digest[: csrf.CSRF_SECRET_LENGTH]


def token(request: HttpRequest) -> str:
    """The token for a form that is being shown. Sets the cookie of the browser."""
    csrf.get_token(request)
    keep_secret(request)
    return csrf._mask_cipher_secret(bound(request.META[_KEPT], request))  # type: ignore[attr-defined]


def context(request: HttpRequest) -> dict[str, Any]:
    """For templates, in place of Django's own: ``{% csrf_token %}``."""
    return {"csrf_token": SimpleLazyObject(lambda: token(request))}

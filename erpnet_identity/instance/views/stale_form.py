"""A form of ours whose token is void: the browser lost its cookie, or another user has signed in since the page was
opened. Nothing has happened yet; what was typed comes back and can be sent once more (ID-68).

Only for forms that come from a page of ours for certain (``request.is_stale_form``): what another site sends is never
shown with a button.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise

from erpnet_identity.edge import form_tokens
from erpnet_identity.identity import texts


@dataclass(frozen=True, slots=True)
class Typed:
    """One field. A password or the secret of an application comes back empty, to be typed again: it is never written
    into a page, which another user than the one who typed it may see."""

    name: str
    value: str
    is_secret: bool

    @property
    def label(self) -> Promise:
        """Of what is typed again."""
        if "password" not in self.name:
            return texts.LABEL_HASH if "hash" in self.name else texts.LABEL_SECRET
        return texts.LABEL_NEW_PASSWORD_AGAIN if self.name.endswith("2") else texts.LABEL_PASSWORD


def answer(request: HttpRequest) -> HttpResponse:
    """What the view says to it, else a page that keeps what was typed."""
    match = request.resolver_match
    if match is not None and (of_the_view := form_tokens.marked(request, "answer_stale")) is not None:
        response: HttpResponse = of_the_view(request, *match.args, **match.kwargs)
    else:
        response = render(request, "instance/stale_form.html", {"typed": _typed(request)}, status=403)
    response["Cache-Control"] = "no-store"
    return response


def _typed(request: HttpRequest) -> list[Typed]:
    return [
        Typed(name, "" if _is_secret(name, value) else value, _is_secret(name, value))
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]


def _is_secret(name: str, value: str) -> bool:
    """Passwords, and what stands in a field for a secret (``secret``, ``secret_hash``)."""
    return "password" in name or (bool(value) and "secret" in name)

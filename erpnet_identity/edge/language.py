"""The language of a page for people: what they chose, what the application asked for, what their browser prefers."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

COOKIE = f"{settings.COOKIE_PREFIX}-language"
COOKIE_AGE = 365 * 24 * 3600
CHOICE = "language"  # the parameter of the menu at the foot of every page
ENGLISH = "en"
_Arguments = ParamSpec("_Arguments")


def choose_language(tags: str) -> str | None:
    """The first language of a space-separated list of tags that our pages speak (RFC 5646; OP-58, ID-43).

    ``de-AT`` is understood as German: we have one form of each language (RFC 4647 §3.4).
    """
    return _first_supported(tags.split())


def _first_supported(tags: Iterable[str]) -> str | None:
    supported = [code for code, _ in settings.LANGUAGES]
    for tag in tags:
        language = tag.replace("_", "-").split("-", 1)[0].lower()
        if language in supported:
            return language
    return None


def follow_wish(request: HttpRequest, tags: str) -> None:
    """Show this page in the application's language, unless the person ever chose one here.

    For a view that finds ``ui_locales`` where the middleware cannot, such as inside a signed request.
    """
    wished = choose_language(tags)
    if wished and not _chosen(request):
        translation.activate(wished)
        request.LANGUAGE_CODE = wished


def language_of(request: HttpRequest) -> str:
    """The language of the user who reads the answer to this request: the one that it was given, otherwise what is found
    in it. Also for requests that are refused before the middleware has seen them, whatever is wrong with them."""
    given: str | None = getattr(request, "LANGUAGE_CODE", None)
    return given or _found(request)


def _found(request: HttpRequest) -> str:
    return _chosen(request) or choose_language(_parameter(request, "ui_locales")) or _accepted(request)


def _chosen(request: HttpRequest) -> str | None:
    return choose_language(_parameter(request, CHOICE)) or choose_language(request.COOKIES.get(COOKIE, ""))


def _parameter(request: HttpRequest, name: str) -> str:
    try:
        return request.GET.get(name, "")
    except TooManyFieldsSent:
        return ""  # the page that says so has a language too


def _accepted(request: HttpRequest) -> str:
    wishes = parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))
    # A weight of nothing says "not this one" (RFC 9110 §12.4.2).
    accepted = (tag for tag, weight in wishes if weight)
    return _first_supported(accepted) or settings.LANGUAGE_CODE


def in_english(page: Callable[_Arguments, Any]) -> Callable[_Arguments, Any]:
    """Have a page of the administration answered in English, whatever its reader speaks: a half-translated page of
    Django's would help nobody. What refuses it, before or by an exception, is a page for people like any other."""

    @wraps(page)
    def english(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Any:
        with translation.override(ENGLISH):
            response = page(*args, **kwargs)
            if callable(render := getattr(response, "render", None)):
                render()  # Django would do it when the language is another one again
        response.headers["Content-Language"] = ENGLISH
        return response

    return english


class LanguageMiddleware:
    """Activates one language for the time of a request (OP-58).

    What counts, in this order: the person's own choice (``?language=``, then remembered in a cookie, so that it holds
    for every page that follows), ``?ui_locales=`` (the application's wish, for this request only), ``Accept-Language``,
    English.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.is_machine:  # type: ignore[attr-defined]
            return self.get_response(request)
        chosen = choose_language(request.GET.get(CHOICE, ""))
        language = _found(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        try:
            response = self.get_response(request)
            # A view may have followed a wish that only it can read, such as one inside a signed request.
            response.headers.setdefault("Content-Language", translation.get_language() or language)
        finally:
            # The thread goes on with other requests, some of them for programs, which are spoken to in English.
            translation.deactivate()
        if not chosen:
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
        if chosen:
            self._remember(response, chosen)
        return response

    def _remember(self, response: HttpResponseBase, language: str) -> None:
        if "public" in response.headers.get("Cache-Control", ""):
            # A shared cache would hand this person's cookie to everybody.
            patch_cache_control(response, private=True)
        response.set_cookie(
            COOKIE,
            language,
            max_age=COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )

"""``{issuer}/connect/endsession`` (OpenID Connect RP-Initiated Logout 1.0, ID-150 to ID-161, OP-190 to OP-201)."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from erpnet_identity.identity import sessions, signout
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.identity.page import keep_private, page
from trusted_apps.models import TrustedApplication

from .. import form, id_token_hint
from ..error_page import error_page
from ..id_token_hint import Hint

_KNOWN = ("id_token_hint", "post_logout_redirect_uri", "state", "client_id")
_SALT = "erpnet.oauth.end_session"
_SECONDS = 3600


class _BadRequest(Exception):
    """``description`` is for the error page."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


@dataclass(frozen=True, slots=True)
class _SignOut:
    """A request to sign out. ``hint`` is None when there is none or it is not ours; ``return_url`` is empty unless
    the address is registered for the application, and then carries the ``state``."""

    hint: Hint | None
    application: TrustedApplication | None
    return_url: str

    def is_of(self, session: IdentitySession) -> bool:
        """Whether the hint proves that this very session is meant: then nobody has to be asked (ID-152)."""
        return self.hint is not None and self.hint.sid == session.sid


@csrf_exempt
@require_http_methods(["GET", "POST"])
def end_session(request: HttpRequest) -> HttpResponse:
    """Sign out at once with a hint of this session, else after a question (ID-152, ID-153)."""
    try:
        parameters = _read(request)
        wanted = _check(parameters)
    except _BadRequest as bad:
        return error_page(request, "invalid_request", bad.description)
    if request.method == "POST":
        # A form of another site comes without our cookie; the redirect brings it (ID-69).
        response = HttpResponse(status=303)
        response["Location"] = f"{request.path}?{urlencode(parameters)}"
        return keep_private(response)
    session = sessions.current(request, now=timezone.now())
    if session is not None and not wanted.is_of(session):
        return _ask(request, session, wanted)
    if session is not None:
        signout.sign_out(request)
    if wanted.hint is not None and wanted.return_url:
        response = HttpResponse(status=302)
        response["Location"] = wanted.return_url
        return keep_private(response)
    return _signed_out(request, wanted.application, wanted.return_url)


@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """The person said yes (ID-153). Leads to a page that may be loaded again."""
    signout.sign_out(request)
    query = urlencode({"request": request.POST.get("request", "")})
    response = HttpResponse(status=303)
    response["Location"] = f"{reverse('oauth2_provider:signed-out')}?{query}"
    return keep_private(response)


@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """What a person sees who said yes. The way back is a link, never a redirect (ID-154)."""
    try:
        client_id, return_url = signing.loads(request.GET.get("request", ""), salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        # Signing out is what the person wanted, however old the page was; only the way back is lost.
        client_id = return_url = ""
    return _signed_out(request, _find(client_id) if client_id else None, return_url)


def _read(request: HttpRequest) -> dict[str, str]:
    try:
        if request.method == "POST":
            form.check_media_type(request.META.get("CONTENT_TYPE", ""))
            raw = request.body
        else:
            raw = request.META.get("QUERY_STRING", "").encode("latin-1")
        values: dict[str, str] = {}
        for name, value in form.pairs(raw):
            if name in _KNOWN:
                if name in values:
                    raise _BadRequest("A parameter is repeated")
                values[name] = value
    except (form.BadForm, UnicodeEncodeError) as bad:
        raise _BadRequest(str(bad) if isinstance(bad, form.BadForm) else "The query is not readable") from None
    return {name: value for name, value in values.items() if value}


def _check(parameters: dict[str, str]) -> _SignOut:
    """What is wanted. Raises ``_BadRequest`` for an unknown application and for two that contradict each other."""
    client_id = parameters.get("client_id", "")
    application = _find(client_id) if client_id else None
    if client_id and application is None:
        raise _BadRequest("The application is not known here")
    hint = _hint(parameters.get("id_token_hint", ""))
    if hint is not None:
        if client_id and hint.client_id != client_id:
            raise _BadRequest("The id_token_hint was issued to another application")
        application = application or _find(hint.client_id)
        if application is None:
            hint = None  # of an application that is gone: worth as much as none (OP-194)
    uri = parameters.get("post_logout_redirect_uri", "")
    if application is None or not application.is_enabled or not application.post_logout_redirect_uri_allowed(uri):
        return _SignOut(hint, application, "")
    if "state" in parameters:
        uri += ("&" if "?" in uri else "?") + urlencode({"state": parameters["state"]})
    return _SignOut(hint, application, uri)


def _hint(text: str) -> Hint | None:
    if not text:
        return None
    try:
        return id_token_hint.read(text, now=timezone.now())
    except id_token_hint.BadHint:
        return None


def _find(client_id: str) -> TrustedApplication | None:
    return TrustedApplication.objects.filter(client_id=client_id).first()


def _ask(request: HttpRequest, session: IdentitySession, wanted: _SignOut) -> HttpResponse:
    client_id = wanted.application.client_id if wanted.application is not None else ""
    context = {
        "application": wanted.application,
        "user": session.user,
        "action": reverse("oauth2_provider:end-session-confirm"),
        "state_token": signing.dumps([client_id, wanted.return_url], salt=_SALT),
        "stay_url": reverse("identity:home"),
    }
    return page(request, "oauth/sign_out.html", context)


def _signed_out(request: HttpRequest, application: TrustedApplication | None, return_url: str) -> HttpResponse:
    context = {"application": application, "return_url": return_url, "signin_url": reverse("identity:signin")}
    return page(request, "oauth/signed_out.html", context)

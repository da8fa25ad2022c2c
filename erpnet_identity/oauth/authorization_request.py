"""An authorization request, checked as far as it can be before anyone is asked anything (ID-30 to ID-52, OP-40 to
OP-63)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from django.http import HttpRequest

from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.refusals import Refusal
from trusted_apps import scopes
from trusted_apps.models import TrustedApplication

from . import claims_request, form, id_token_hint, request_object
from .claims_request import ClaimsRequest
from .scope_descriptions import why_invalid
from .text import printable

CODE, HYBRID = "code", "code id_token"
RESPONSE_TYPES_SUPPORTED = (CODE, HYBRID)
QUERY, FRAGMENT, FORM_POST = "query", "fragment", "form_post"
RESPONSE_MODES_SUPPORTED = (QUERY, FRAGMENT, FORM_POST)
PROMPTS_SUPPORTED = ("none", "login", "consent", "select_account")
MAX_STATE, MAX_NONCE = 2048, 512  # ID-35, OP-75

# Everything this endpoint reads. Any other parameter is ignored (OP-42) and not carried along.
_KNOWN = frozenset(
    {
        *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt"),
        *("max_age", "code_challenge", "code_challenge_method", "login_hint", "ui_locales", "acr_values"),
        *("id_token_hint", "claims", "request", "request_uri", "registration", "display", "claims_locales"),
    }
)
_NOT_SUPPORTED = {
    "request": Cause.REQUEST_NOT_SUPPORTED,
    "request_uri": Cause.REQUEST_URI_NOT_SUPPORTED,
    "registration": Cause.REGISTRATION_NOT_SUPPORTED,
}
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_SECONDS = re.compile(r"[0-9]{1,10}")


# Ends the reading with an error for the application: code, description, cause.
Refuse = Callable[[str, str, Cause], NoReturn]


class BadRequest(Refusal):
    """A request that is answered with the error page and never with a redirect (ID-46, OP-45). ``cause`` is for the
    operator."""

    def __init__(
        self,
        error: str,
        description: str,
        cause: Cause,
        *,
        application: TrustedApplication | None = None,
        client_id: str = "",
        redirect_uri: str = "",
    ) -> None:
        super().__init__(error, description, cause)
        self.application = application
        self.client_id = client_id
        self.redirect_uri = redirect_uri


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where and how an answer reaches the application. Known before the rest of the request is looked at, so that
    what is wrong with the rest can be told to it (ID-49)."""

    application: TrustedApplication
    redirect_uri: str
    mode: str
    state: str | None


class RefusedRequest(Refusal):
    """A request whose error goes to the application (ID-49). ``cause`` is for the operator."""

    def __init__(self, error: str, description: str, cause: Cause, *, reply_to: ReplyTo) -> None:
        super().__init__(error, description, cause)
        self.reply_to = reply_to


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that is right in itself. ``scopes`` are those that an internal user would be granted;
    ``hinted_user`` is the ``sub`` of the ID token hint, empty without one."""

    reply_to: ReplyTo
    parameters: dict[str, str]
    response_type: str
    scopes: list[str]
    nonce: str = ""
    code_challenge: str = ""
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    hinted_user: str = ""
    acr_values: list[str] = field(default_factory=list)
    claims: ClaimsRequest = field(default_factory=ClaimsRequest)

    @property
    def application(self) -> TrustedApplication:
        return self.reply_to.application

    @property
    def is_silent(self) -> bool:
        """Whether no page may be shown (ID-78)."""
        return "none" in self.prompts

    def get(self, name: str) -> str:
        """A parameter as it was sent, empty when it was not."""
        return self.parameters.get(name, "")


def read(request: HttpRequest) -> tuple[dict[str, str], set[str]]:
    """The known parameters of a request and the names of those that were sent more than once.

    A parameter without a value counts as not sent (OP-42). Raises ``BadRequest`` for what no server can take (OP-63).
    """
    try:
        if request.method == "POST":
            form.check_media_type(request.META.get("CONTENT_TYPE", ""))
            raw = request.body
        else:
            # The server hands the bytes of the request line over as latin-1 (PEP 3333).
            raw = request.META.get("QUERY_STRING", "").encode("latin-1")
        return _collect(form.pairs(raw))
    except (form.BadForm, UnicodeEncodeError) as bad:
        description = str(bad) if isinstance(bad, form.BadForm) else "The query is not readable"
        raise BadRequest("invalid_request", description, Cause.FORM_UNREADABLE) from None


def _collect(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], set[str]]:
    values: dict[str, str] = {}
    seen, repeated = set(), set()
    for name, value in pairs:
        if name not in _KNOWN:
            continue
        if name in seen:
            repeated.add(name)
        seen.add(name)
        if value:
            values[name] = value
    return values, repeated


def parse(parameters: dict[str, str], repeated: Iterable[str] = (), *, now: datetime) -> AuthorizationRequest:
    """Check a request from end to end; the order is that of importance to its reader. One query.

    Raises ``BadRequest`` for whatever makes the client or its address doubtful, else ``RefusedRequest``.
    """
    repeated = set(repeated)
    application = _application(parameters, repeated)
    redirect_uri = _redirect_uri(parameters, repeated, application)
    response_type = " ".join(sorted(parameters.get("response_type", "").split()))
    reply_to = ReplyTo(application, redirect_uri, _mode(parameters, response_type), parameters.get("state"))

    def refuse(error: str, description: str, cause: Cause) -> NoReturn:
        raise RefusedRequest(error, description, cause, reply_to=reply_to)

    if repeated:
        names = printable(" ".join(sorted(repeated)), 200)
        refuse("invalid_request", f"A parameter is repeated: {names}", Cause.PARAMETER_REPEATED)
    for name, cause in _NOT_SUPPORTED.items():
        if name in parameters:
            refuse(f"{name}_not_supported", f"The parameter {name} is not supported", cause)
    if not response_type:
        refuse("invalid_request", "Missing response_type", Cause.RESPONSE_TYPE_MISSING)
    if response_type not in RESPONSE_TYPES_SUPPORTED:
        shown = printable(response_type, 100)
        refuse("unsupported_response_type", f"Unsupported response type: {shown}", Cause.RESPONSE_TYPE_UNSUPPORTED)
    mode = parameters.get("response_mode", "")
    if mode and mode not in RESPONSE_MODES_SUPPORTED:
        refuse("invalid_request", f"Unsupported response mode: {printable(mode, 100)}", Cause.RESPONSE_MODE)
    if mode == QUERY and response_type == HYBRID:
        refuse("invalid_request", "An ID token is never put into a query", Cause.RESPONSE_MODE)
    if len(parameters.get("state", "")) > MAX_STATE:
        refuse("invalid_request", f"The state is longer than {MAX_STATE} characters", Cause.STATE_TOO_LONG)
    granted = _scopes(parameters, application, refuse)
    nonce = _nonce(parameters, response_type, granted, refuse)
    challenge = _challenge(parameters, application, refuse)
    return AuthorizationRequest(
        reply_to=reply_to,
        parameters=parameters,
        response_type=response_type,
        scopes=granted,
        nonce=nonce,
        code_challenge=challenge,
        prompts=_prompts(parameters, refuse),
        max_age=_max_age(parameters, refuse),
        hinted_user=_hinted_user(parameters, now, refuse),
        acr_values=parameters.get("acr_values", "").split(),
        claims=_claims(parameters, refuse) if scopes.OPENID in granted else ClaimsRequest(),
    )


def _application(parameters: dict[str, str], repeated: set[str]) -> TrustedApplication:
    client_id = parameters.get("client_id", "")
    if "client_id" in repeated:
        raise BadRequest("invalid_request", "client_id is repeated", Cause.PARAMETER_REPEATED, client_id=client_id)
    description = "The application is not known here or may not sign people in"
    application = TrustedApplication.objects.filter(client_id=client_id).first() if client_id else None
    if application is None:
        cause = Cause.CLIENT_UNKNOWN if client_id else Cause.CLIENT_ID_MISSING
        raise BadRequest("unauthorized_client", description, cause, client_id=client_id)
    if not application.is_enabled or not application.allows_sign_in:
        cause = Cause.APPLICATION_DISABLED if not application.is_enabled else Cause.SIGN_IN_NOT_ALLOWED
        # Not shown with its name: to an unauthenticated caller it looks like one that does not exist (ID-47).
        raise BadRequest("unauthorized_client", description, cause, client_id=client_id)
    return application


def _redirect_uri(parameters: dict[str, str], repeated: set[str], application: TrustedApplication) -> str:
    redirect_uri = parameters.get("redirect_uri", "")
    if "redirect_uri" in repeated:
        description = "redirect_uri is repeated"
        raise BadRequest("invalid_request", description, Cause.PARAMETER_REPEATED, application=application)
    if not redirect_uri or not application.redirect_uri_allowed(redirect_uri):
        raise BadRequest(
            "invalid_redirect_uri",
            "The redirect URI is not registered for this application" if redirect_uri else "Missing redirect_uri",
            Cause.REDIRECT_URI_NOT_REGISTERED if redirect_uri else Cause.REDIRECT_URI_MISSING,
            application=application,
            redirect_uri=redirect_uri,
        )
    return redirect_uri


def _mode(parameters: dict[str, str], response_type: str) -> str:
    """The mode of the answer: the one asked for if it may be used, else that of the response type (OP-70). What a
    refused request object asks for comes first: its author expects the refusal there (OP-52)."""
    carries_token = not {"id_token", "token"}.isdisjoint(response_type.split())
    for mode in (request_object.response_mode(parameters.get("request", "")), parameters.get("response_mode", "")):
        if mode in RESPONSE_MODES_SUPPORTED and not (mode == QUERY and carries_token):
            return mode
    return FRAGMENT if carries_token else QUERY


def _scopes(parameters: dict[str, str], application: TrustedApplication, refuse: Refuse) -> list[str]:
    try:
        return scopes.grant_to_user(
            parameters.get("scope", ""),
            application.scope,
            is_internal=application.is_internal,
            identity_implies_access=application.identity_scopes_imply_access,
        )
    except scopes.InvalidScope as error:
        refuse("invalid_scope", *why_invalid(error.names, cause=Cause.SCOPE_NOT_ALLOWED))


def _nonce(parameters: dict[str, str], response_type: str, granted: list[str], refuse: Refuse) -> str:
    nonce = parameters.get("nonce", "")
    if response_type == HYBRID:
        if scopes.OPENID not in granted:
            refuse("invalid_request", "The response type needs the scope openid", Cause.OPENID_MISSING)  # ID-37
        if not nonce:
            refuse("invalid_request", "Missing nonce", Cause.NONCE_MISSING)  # ID-36
    if len(nonce) > MAX_NONCE:
        refuse("invalid_request", f"The nonce is longer than {MAX_NONCE} characters", Cause.NONCE_TOO_LONG)
    return nonce


def _challenge(parameters: dict[str, str], application: TrustedApplication, refuse: Refuse) -> str:
    """PKCE: S256 or nothing, and never nothing for a public application (ID-38, ID-39, OP-220, OP-221)."""
    challenge, method = parameters.get("code_challenge", ""), parameters.get("code_challenge_method", "")
    if not challenge:
        if application.is_public:
            refuse("invalid_request", "Missing code_challenge", Cause.PKCE_MISSING)
        if method:
            refuse("invalid_request", "code_challenge_method without code_challenge", Cause.PKCE_MISSING)
        return ""
    if method != "S256":
        refuse("invalid_request", "The code_challenge_method must be S256", Cause.PKCE_PLAIN)
    if not _CHALLENGE.fullmatch(challenge):
        refuse("invalid_request", "The code_challenge has 43 to 128 unreserved characters", Cause.PKCE_MALFORMED)
    return challenge


def _prompts(parameters: dict[str, str], refuse: Refuse) -> frozenset[str]:
    prompts = frozenset(parameters.get("prompt", "").split())
    if unknown := sorted(prompts.difference(PROMPTS_SUPPORTED)):
        refuse("invalid_request", f"Unknown prompt: {printable(' '.join(unknown), 100)}", Cause.PROMPT_UNKNOWN)
    if "none" in prompts and len(prompts) > 1:
        refuse("invalid_request", "The prompt none stands alone", Cause.PROMPT_NONE_WITH_OTHERS)
    return prompts


def _max_age(parameters: dict[str, str], refuse: Refuse) -> int | None:
    text = parameters.get("max_age", "")
    if text and not _SECONDS.fullmatch(text):
        refuse("invalid_request", "max_age must be a number of seconds", Cause.MAX_AGE_MALFORMED)
    return int(text) if text else None


def _hinted_user(parameters: dict[str, str], now: datetime, refuse: Refuse) -> str:
    text = parameters.get("id_token_hint", "")
    if not text:
        return ""
    try:
        return id_token_hint.read(text, now=now).subject
    except id_token_hint.BadHint as bad:
        refuse("invalid_request", "The id_token_hint is not an ID token of this server", bad.cause)


def _claims(parameters: dict[str, str], refuse: Refuse) -> ClaimsRequest:
    try:
        return claims_request.parse(parameters.get("claims", ""))
    except ValueError:
        refuse("invalid_request", "The parameter claims must be a JSON object", Cause.CLAIMS_MALFORMED)

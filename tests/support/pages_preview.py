"""Every page that people see, with what a view would give it: addresses for a browser test and for screenshots.

``/preview/<name>`` shows one page. The views themselves are tested elsewhere; here only the pages are, in states that
are hard to reach by walking: long names, many scopes, each kind of refusal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils.translation import gettext

from erpnet_identity.edge.middleware import CONTENT_SECURITY_POLICY
from erpnet_identity.identity import texts
from erpnet_identity.instance.views.stale_form import Typed
from tests.support import manage_preview

APPLICATION = SimpleNamespace(
    name="Shop sync", client_id="shop.example.com/sync", owner="Example Retail Ltd.", is_verified=True
)
LONG_APPLICATION = SimpleNamespace(
    name="Warehouse synchronisation for the northern distribution centres and their subcontractors",
    client_id="a.very.long.host.example.com/" + "synchronisation-" * 9,
    owner="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG",
    is_verified=False,
)
MARIA = SimpleNamespace(name="Maria Petrova", login="maria.petrova", email="maria.petrova@example.com", is_staff=False)
LONG_PERSON = SimpleNamespace(
    name="Wolfeschlegelsteinhausenbergerdorff, Adolph Blaine Charles David Earl Frederick Gerald Hubert",
    login="wolfeschlegelsteinhausenbergerdorff.adolph.blaine.charles.david.e",
    email="wolfeschlegelsteinhausenbergerdorff.adolph.blaine@department.of.a.long.company.example.com",
    is_staff=True,
)
CANCEL = "https://shop.example.com/callback?error=access_denied&state=xyz"


class SignInForm(forms.Form):
    login = forms.CharField(
        label=texts.LABEL_LOGIN, widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"})
    )
    password = forms.CharField(
        label=texts.LABEL_PASSWORD, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    remember = forms.BooleanField(label=texts.LABEL_REMEMBER, required=False)

    def clean(self) -> None:
        if self.cleaned_data.get("password"):
            raise forms.ValidationError(texts.SIGN_IN_FAILED)


class ResetForm(forms.Form):
    email = forms.EmailField(label=texts.LABEL_EMAIL, widget=forms.EmailInput(attrs={"autocomplete": "email"}))


def _new_password(label: Any) -> forms.CharField:
    return forms.CharField(label=label, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))


class NewPasswordForm(forms.Form):
    password1 = _new_password(texts.LABEL_NEW_PASSWORD)
    password2 = _new_password(texts.LABEL_NEW_PASSWORD_AGAIN)


class ChangeForm(NewPasswordForm):
    oldpassword = forms.CharField(
        label=texts.LABEL_CURRENT_PASSWORD, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    field_order = ("oldpassword", "password1", "password2")


def signin(data: dict[str, str] | None = None, **context: Any) -> dict[str, Any]:
    return {
        "form": SignInForm(data, initial=context.pop("initial", None)),
        "application": APPLICATION,
        "request_token": "eyJhIjoxfQ:1rXyZ",
        "next": "",
        "cancel_url": CANCEL,
        "reset_url": "/id/password/reset",
        "providers": [],
        "reauthenticating": None,
        "throttled": None,
        **context,
    }


def group(kind: str, *scopes: str, new: tuple[str, ...] = (), times: int = 1) -> SimpleNamespace:
    items = [
        SimpleNamespace(text=texts.SCOPE_TEXT[scope], scope=scope, is_new=scope in new) for scope in scopes * times
    ]
    return SimpleNamespace(kind=kind, title=texts.GROUP_TITLE[kind], items=items)


def consent(groups: list[Any] | None = None, **context: Any) -> dict[str, Any]:
    return {
        "application": APPLICATION,
        "host": "shop.example.com",
        "user": MARIA,
        "groups": groups
        or [group("see", "openid", "profile", "read"), group("change", "update"), group("stay", "offline_access")],
        "has_new": True,
        "asked_before": False,
        "duration": texts.duration_text(30 * 86400),
        "request_token": "eyJhIjoxfQ:1rXyZ",
        "action": "/id/consent",
        "switch_url": "/id/signin?request=eyJhIjoxfQ",
        "redirect_uri": "https://shop.example.com/signin-oidc",
        "scope_text": "openid profile read update offline_access",
        **context,
    }


def new_password(form: type[forms.Form], data: dict[str, str] | None = None) -> dict[str, Any]:
    bound = form(data)
    if bound.is_bound:
        bound.add_error("password1", gettext("This password is too common."))
    return {"form": bound, "token_fail": False, "reset_url": "/id/password/reset"}


@dataclass(frozen=True)
class Page:
    """A template, what it is given, and what is promised of it: the element that says what happened, the button."""

    template: str
    context: Callable[[], dict[str, Any]]
    outcome: str
    primary: tuple[str, ...] = ()
    focus: str = ""
    status: int = 200


def page(template: str, outcome: str, *primary: str, focus: str = "", status: int = 200, **context: Any) -> Page:
    return Page(template, lambda: context, outcome, primary, focus, status)


def signin_page(focus: str, make: Callable[[], dict[str, Any]]) -> Page:
    return Page("identity/signin.html", make, "signin-outcome", ("signin-submit",), focus)


def consent_page(make: Callable[[], dict[str, Any]]) -> Page:
    return Page("oauth/consent.html", make, "consent-outcome", ("consent-deny", "consent-allow"))


TYPED = {"login": "maria.petrova", "password": "not this one"}
PROVIDERS = [SimpleNamespace(name="Contoso Entra ID", url="/id/with/contoso")]
PAGES: dict[str, Page] = {
    "signin": signin_page("id_login", signin),
    "signin-alone": signin_page("id_login", lambda: signin(application=None, cancel_url="", request_token="")),
    "signin-hint": signin_page("id_password", lambda: signin(initial={"login": "maria.petrova"})),
    "signin-failed": signin_page("id_password", lambda: signin(TYPED)),
    "signin-empty": signin_page("id_login", lambda: signin({})),
    "signin-throttled": signin_page("id_password", lambda: signin(initial={"login": "maria.petrova"}, throttled=95)),
    "signin-again": signin_page(
        "id_password", lambda: signin(initial={"login": "maria.petrova"}, reauthenticating=MARIA)
    ),
    "signin-long": signin_page(
        "id_password",
        lambda: signin(
            initial={"login": LONG_PERSON.login},
            application=LONG_APPLICATION,
            reauthenticating=LONG_PERSON,
            providers=PROVIDERS,
        ),
    ),
    "signin-providers": signin_page("id_login", lambda: signin(providers=PROVIDERS)),
    "select-account": page(
        "identity/select_account.html", "select-outcome", "select-continue",
        application=APPLICATION, user=MARIA, request_token="x", action="/id/account", other_url="/id/signin",
        cancel_url=CANCEL,
    ),
    "select-account-long": page(
        "identity/select_account.html", "select-outcome", "select-continue",
        application=LONG_APPLICATION, user=LONG_PERSON, request_token="x", action="/id/account", other_url="/id/signin",
        cancel_url=CANCEL,
    ),
    "wrong-account": page(
        "identity/wrong_account.html", "wrong-account", "wrong-account-other",
        application=APPLICATION, user=MARIA, other_url="/id/signin", cancel_url=CANCEL,
    ),
    "consent": consent_page(consent),
    "consent-unverified": consent_page(
        lambda: consent(
            [group("see", "openid")],
            application=SimpleNamespace(**{**vars(APPLICATION), "is_verified": False, "owner": ""}),
            duration=texts.duration_text(3600),
            host="com.example.shop:",
        )
    ),
    "consent-more": consent_page(
        lambda: consent(
            [group("see", "openid", "profile", "read"), group("change", "update", new=("update",))], asked_before=True
        )
    ),
    "consent-again": consent_page(lambda: consent(asked_before=True, has_new=False)),
    "consent-long": consent_page(
        lambda: consent(
            [
                group("see", "openid", "profile", "email", "read", times=3),
                group("change", "update", "sec", new=("sec",)),
                group("stay", "offline_access"),
            ],
            application=LONG_APPLICATION,
            user=LONG_PERSON,
            asked_before=True,
            host="a-very-long-host-name.that.somebody.has.chosen.for.an.application.example.com",
            redirect_uri="https://a-very-long-host-name.example.com/" + "callback/" * 20,
            scope_text="openid profile email read update sec offline_access " * 3,
        )
    ),
    "error-client": page(
        "oauth/error.html", "error-code", "error-start", status=400, heading=texts.SIGN_IN_CANNOT_GO_ON,
        error="unauthorized_client", description="Unknown application.",
        explanation=texts.error_explanation("unauthorized_client"), application=None,
        correlation_id="0f8fad5bd9cb469fa16570867728950e",
    ),
    "error-redirect": page(
        "oauth/error.html", "error-code", "error-start", status=400, heading=texts.SIGN_IN_CANNOT_GO_ON,
        error="invalid_redirect_uri", description="The redirect URI is not registered for this application.",
        address="https://a-very-long-host-name.example.com/" + "callback/" * 20,
        explanation=texts.error_explanation("invalid_redirect_uri"), application=LONG_APPLICATION,
        correlation_id="0f8fad5bd9cb469fa16570867728950e",
    ),
    "error-expired": page(
        "oauth/error.html", "error-code", "return-to-app", status=400, heading=texts.SIGN_IN_CANNOT_GO_ON,
        error="request_expired", description="The request is too old",
        explanation=texts.error_explanation("request_expired"), application=APPLICATION,
        return_url="https://shop.example.com/", correlation_id="0f8fad5bd9cb469fa16570867728950e",
    ),
    "sign-out": page(
        "oauth/sign_out.html", "signout-outcome", "signout-confirm",
        application=APPLICATION, user=MARIA, action="/id/connect/endsession", state_token="x", stay_url="/id/",
    ),
    "signed-out": page(
        "oauth/signed_out.html", "signed-out", "signed-out-signin",
        application=None, return_url="", signin_url="/id/signin",
    ),
    "signed-out-nobody": page(
        "oauth/signed_out.html", "signed-out", "signed-out-signin", was_nobody=True,
        refused_address="https://a-very-long-host-name.example.com/" + "signed-out/" * 20,
        application=None, return_url="", signin_url="/id/signin",
    ),
    "signed-out-return": page(
        "oauth/signed_out.html", "signed-out", "return-to-app",
        application=LONG_APPLICATION, return_url="https://shop.example.com/", signin_url="/id/signin",
    ),
    "password-reset": Page(
        "identity/password_reset.html", lambda: {"form": ResetForm()}, "reset-outcome", ("reset-submit",), "id_email"
    ),
    "password-reset-refused": Page(
        "identity/password_reset.html", lambda: {"form": ResetForm({"email": "maria"})}, "reset-outcome",
        ("reset-submit",), "id_email",
    ),
    "password-reset-sent": page(
        "identity/password_reset_sent.html", "reset-sent", "reset-sent-signin", signin_url="/id/signin"
    ),
    "password-reset-key": Page(
        "identity/password_reset_key.html", lambda: new_password(NewPasswordForm), "reset-key-outcome",
        ("reset-key-submit",), "id_password1",
    ),
    "password-reset-key-used": page(
        "identity/password_reset_key.html", "reset-key-outcome", "reset-again",
        token_fail=True, reset_url="/id/password/reset",
    ),
    "password-reset-done": page(
        "identity/password_reset_done.html", "reset-done", "reset-signin", signin_url="/id/signin"
    ),
    "password-change": Page(
        "identity/password_change.html", lambda: new_password(ChangeForm), "change-outcome",
        ("change-submit",), "id_oldpassword",
    ),
    "password-change-refused": Page(
        "identity/password_change.html",
        lambda: new_password(ChangeForm, {"oldpassword": "x", "password1": "1234"}),
        "change-outcome", ("change-submit",), "id_password1",
    ),
    "password-changed": page("identity/password_changed.html", "changed", "changed-home"),
    "too-many": page("identity/too_many.html", "too-many", "too-many-start", status=429, retry_after=95),
    "home": page(
        "identity/home.html", "signed-in", "home-signout",
        user=LONG_PERSON, signed_in_at=datetime(2025, 11, 25, 13, 12, tzinfo=UTC),
        change_password_url="/id/password/change", signout_url="/id/connect/endsession",
    ),
    "stale-form": page(
        "instance/stale_form.html", "stale-outcome", "stale-submit",
        user=SimpleNamespace(**vars(MARIA), is_authenticated=True),
        typed=[
            Typed(name="login", value="half.filled", is_secret=False),
            Typed(name="password1", value="", is_secret=True),
            Typed(name="password2", value="", is_secret=True),
        ],
    ),
    "stale-form-nobody": page(
        "instance/stale_form.html", "stale-outcome", "stale-submit", typed=[],
        user=SimpleNamespace(**vars(MARIA), is_authenticated=False),
    ),
    **{
        f"error-{name}": page(
            f"{name}.html", "error-code", "error-again" if name == "503" else "error-start",
            status=int(name[:3]), correlation_id="0f8fad5b",
        )
        for name in ("400", "403", "403_csrf", "404", "500", "503")
    },
    "error-400_host": page(
        "400_host.html", "error-code", "error-start", status=400, correlation_id="0f8fad5b",
        sent_host="backend-for-the-identity-server.internal.example.com:8000", known_host="erp.example.com",
        has_advice=True,
    ),
    "error-400_no_host": page(
        "400_host.html", "error-code", "error-start", status=400, correlation_id="0f8fad5b",
        sent_host="", known_host="erp.example.com", has_advice=True,
    ),
    "error-403_proxy": page(
        "403_proxy.html", "error-code", "error-start", status=403, correlation_id="0f8fad5b",
        proxy=SimpleNamespace(header="X-Forwarded-Proto", address="2001:db8:85a3::8a2e:370:7334"), has_advice=True,
    ),
    "error-403_proxy_silent": page(
        "403_proxy_silent.html", "error-code", "error-start", status=403, correlation_id="0f8fad5b",
        proxy=SimpleNamespace(header="", address="2001:db8:85a3::8a2e:370:7334"), has_advice=True,
    ),
    **{
        f"error-404_path_{'on' if is_stripped else 'off'}": page(
            "404_path.html", "error-code", "error-start", status=404, correlation_id="0f8fad5b",
            root="https://erp.example.com/departments/north", path="/departments/north", is_stripped=is_stripped,
            has_advice=True,
        )
        for is_stripped in (False, True)
    },
}  # fmt: skip
FORM_POST = Page(
    "oauth/form_post.html",
    lambda: {
        "action": "/received",
        "parameters": {"code": "AB" * 32, "state": '"><script>alert(1)</script>', "iss": "http://127.0.0.1:8000/id"},
    },
    "form-post-outcome",
    ("form-post-continue",),
)


def preview(request: HttpRequest, name: str) -> HttpResponse:
    """One page."""
    shown = PAGES.get(name) or {"form-post": FORM_POST}.get(name)
    if shown is None:
        raise Http404
    response = render(request, shown.template, shown.context(), status=shown.status)
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


def received(request: HttpRequest) -> HttpResponse:
    """The application to which ``form-post`` returns: it repeats what it was sent."""
    return HttpResponse("\n".join(f"{name}={value}" for name, value in request.POST.items()), content_type="text/plain")


received.csrf_exempt = True  # type: ignore[attr-defined]

urlpatterns = [
    path("preview/<name>", preview, name="preview"),
    path("manage/preview/<name>", manage_preview.preview, name="manage-preview"),
    path("received", received),
    # A page that is plain text names no icon, and the browser complains when it finds none.
    path("favicon.ico", lambda request: HttpResponse(status=204)),
    path("", include("erpnet_identity.urls")),
]
handler400 = "erpnet_identity.instance.views.errors.bad_request"
handler403 = "erpnet_identity.instance.views.errors.permission_denied"
handler404 = "erpnet_identity.instance.views.errors.not_found"
handler500 = "erpnet_identity.instance.views.errors.server_error"

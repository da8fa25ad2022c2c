"""The sign-in page (ID-62 to ID-68, ID-74 to ID-77)."""

from typing import Any

from allauth.account.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods

from erpnet_identity.audit import context
from erpnet_identity.edge.form_tokens import of_nobody
from erpnet_identity.platform.spelling import fold
from erpnet_identity.users import devices
from erpnet_identity.users.models import User

from .. import sessions, throttle
from .. import sign_in_context as contexts
from ..forms import MAX_LOGIN, SignInForm
from ..models import IdentitySession
from ..page import comes_back, keep_private, page
from ..sign_in_context import SignInContext
from ..signed_request import InvalidSignedRequest


@comes_back
@of_nobody
@method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")
class SignInView(LoginView):
    """Asks who it is, and sends the browser on to what it came for."""

    form_class = SignInForm
    sign_in: SignInContext
    signed_in: User | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.sign_in = contexts.read(request)
        except InvalidSignedRequest:
            return contexts.lost(request)
        session = sessions.current(request, now=timezone.now())
        if session is not None and not self.sign_in.is_other:
            if self._is_answered(session):
                return keep_private(HttpResponseRedirect(self.sign_in.onward))
            if _is_about(session.user, self.sign_in):
                self.signed_in = session.user
        contexts.speak_its_language(request, self.sign_in)
        return super().dispatch(request, *args, **kwargs)

    def _is_answered(self, session: IdentitySession) -> bool:
        """Whether the person has signed in meanwhile: went back, reloads, or did it in another window. A form goes on
        without a look at its password when it is about the same person, and is a sign-in of its own otherwise."""
        signed_request = self.sign_in.signed_request
        if signed_request is not None and session.auth_time <= signed_request.since:
            return False
        typed = fold(self.request.POST.get("login", "").strip())
        return typed in ("", session.user.folded_login, session.user.folded_email)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wait := throttle.person_must_wait(request, request.POST.get("login", "")):
            return self._throttled(wait)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def form_valid(self, form: SignInForm) -> HttpResponse:
        response: HttpResponse = keep_private(super().form_valid(form))
        devices.remember(self.request, response, form.user)
        contexts.forget(self.request)
        return response

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        address = context.current().caller
        if form.non_field_errors() and throttle.count_failure(address):
            return self._throttled(throttle.seconds_to_wait(address))
        return self.render_to_response(self.get_context_data(form=form))

    def get_success_url(self) -> str:
        return self.sign_in.onward

    def get_initial(self) -> dict[str, Any]:
        if typed := self.request.POST.get("login", "")[:MAX_LOGIN]:
            return {"login": typed}  # into a form that came too late
        if self.sign_in.is_other:
            return {}
        return {"login": self.sign_in.get("login_hint") or (self.signed_in.login if self.signed_in is not None else "")}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sign_in = self.sign_in
        return {
            "form": kwargs.get("form") or self.get_form(),
            "application": sign_in.application,
            "request_token": sign_in.sealed,
            "next": sign_in.next,
            "cancel_url": sign_in.cancel_url,
            "reset_url": sign_in.link("identity:password-reset"),
            "providers": [],
            "reauthenticating": self.signed_in,
            "throttled": None,
        }

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        leads_away = self.sign_in.signed_request is not None
        return page(self.request, "identity/signin.html", context, leads_away=leads_away, **kwargs)

    def _throttled(self, wait: int) -> HttpResponse:
        typed = self.request.POST.get("login", "")[:254]
        context = self.get_context_data(form=SignInForm(request=self.request, initial={"login": typed}))
        response = self.render_to_response({**context, "throttled": wait}, status=429)
        response["Retry-After"] = str(wait)
        return response


def _is_about(user: User, sign_in: SignInContext) -> bool:
    """Whether the application wants this very user once more, and not another one."""
    hint = fold(sign_in.get("login_hint"))
    if (
        sign_in.signed_request is not None
        and "login" not in sign_in.get("prompt").split()
        and not sign_in.get("max_age")
    ):
        return False
    return hint in ("", user.folded_login, user.folded_email)

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
from erpnet_identity.spelling import fold
from erpnet_identity.users import devices
from erpnet_identity.users.models import User

from .. import errand as errands
from .. import sessions, throttle
from ..errand import Errand
from ..forms import MAX_LOGIN, SignInForm
from ..models import IdentitySession
from ..page import comes_back, keep_private, page
from ..pending import NotPending


@comes_back
@of_nobody
@method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")
class SignInView(LoginView):
    """Asks who it is, and sends the browser on to what it came for."""

    form_class = SignInForm
    errand: Errand
    signed_in: User | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.errand = errands.read(request)
        except NotPending:
            return errands.lost(request)
        session = sessions.current(request, now=timezone.now())
        if session is not None and not self.errand.is_other:
            if self._is_answered(session):
                return keep_private(HttpResponseRedirect(self.errand.onward))
            if _is_about(session.user, self.errand):
                self.signed_in = session.user
        errands.speak_its_language(request, self.errand)
        return super().dispatch(request, *args, **kwargs)

    def _is_answered(self, session: IdentitySession) -> bool:
        """Whether the person has signed in meanwhile: went back, reloads, or did it in another window. A form goes on
        without a look at its password when it is about the same person, and is a sign-in of its own otherwise."""
        pending = self.errand.pending
        if pending is not None and session.auth_time <= pending.since:
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
        errands.forget(self.request)
        return response

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        address = context.current().caller
        if form.non_field_errors() and throttle.count_failure(address):
            return self._throttled(throttle.seconds_to_wait(address))
        return self.render_to_response(self.get_context_data(form=form))

    def get_success_url(self) -> str:
        return self.errand.onward

    def get_initial(self) -> dict[str, Any]:
        if typed := self.request.POST.get("login", "")[:MAX_LOGIN]:
            return {"login": typed}  # into a form that came too late
        if self.errand.is_other:
            return {}
        return {"login": self.errand.get("login_hint") or (self.signed_in.login if self.signed_in is not None else "")}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        errand = self.errand
        return {
            "form": kwargs.get("form") or self.get_form(),
            "application": errand.application,
            "request_token": errand.sealed,
            "next": errand.next,
            "cancel_url": errand.cancel_url,
            "reset_url": errand.link("identity:password-reset"),
            "providers": [],
            "reauthenticating": self.signed_in,
            "throttled": None,
        }

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        leads_away = self.errand.pending is not None
        return page(self.request, "identity/signin.html", context, leads_away=leads_away, **kwargs)

    def _throttled(self, wait: int) -> HttpResponse:
        typed = self.request.POST.get("login", "")[:254]
        context = self.get_context_data(form=SignInForm(request=self.request, initial={"login": typed}))
        response = self.render_to_response({**context, "throttled": wait}, status=429)
        response["Retry-After"] = str(wait)
        return response


def _is_about(user: User, errand: Errand) -> bool:
    """Whether the application wants this very person once more, and not somebody else."""
    hint = fold(errand.get("login_hint"))
    if errand.pending is not None and "login" not in errand.get("prompt").split() and not errand.get("max_age"):
        return False
    return hint in ("", user.folded_login, user.folded_email)

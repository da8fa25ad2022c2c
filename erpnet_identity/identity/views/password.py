"""Changing a password, and choosing a new one with a link from a mail (ID-193, ID-195)."""

from typing import Any

from allauth.account import views as allauth
from allauth.account.internal.flows.password_reset import finalize_password_reset
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods, require_safe
from django.views.generic import FormView

from erpnet_identity.audit import context
from erpnet_identity.edge.form_tokens import of_nobody
from erpnet_identity.users import devices
from erpnet_identity.users.models import User

from .. import sessions, throttle
from .. import sign_in_context as contexts
from ..forms import PasswordChangeForm, PasswordResetForm, PasswordResetKeyForm, ResetLinkForm
from ..guards import not_signed_in
from ..page import comes_back, keep_private, page, tell_origin_only
from ..sign_in_context import SignInContext
from ..signed_request import InvalidSignedRequest

# Before anything else: the views' own check comes after what they do first.
_methods = method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")


def _to(address: str) -> HttpResponse:
    return keep_private(HttpResponseRedirect(address))


def _too_many(request: HttpRequest, wait: int) -> HttpResponse:
    response = page(request, "identity/too_many.html", {"retry_after": wait}, status=429)
    response["Retry-After"] = str(wait)
    return response


@comes_back
@of_nobody
@_methods
class PasswordResetView(allauth.PasswordResetView):
    """Asks for an e-mail address."""

    form_class = PasswordResetForm
    sign_in: SignInContext

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.sign_in = contexts.read(request)
        except InvalidSignedRequest:
            self.sign_in = SignInContext()  # its application is gone; a password can be set without it
        contexts.speak_its_language(request, self.sign_in)
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        return {"email": self.request.POST.get("email", "")[:254]}  # of a form that came too late

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wait := throttle.reset_must_wait(context.current().caller):
            return _too_many(request, wait)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        contexts.remember(self.request, self.sign_in)
        form.save(self.request)
        return _to(reverse("identity:password-reset-sent"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": kwargs.get("form") or self.get_form()}

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        return page(self.request, "identity/password_reset.html", context)


@comes_back
@of_nobody
@_methods
class PasswordResetKeyView(FormView):
    """The page behind the link in the mail.

    Not allauth's, which keeps the key of the link in the browser session, readable in a copy of the database, and signs
    out the user who is signed in at this browser, so that a link could be used to sign people out.
    """

    form_class = PasswordResetKeyForm
    user: User
    key: str

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        link = ResetLinkForm(data={"uidb36": kwargs["uidb36"], "key": kwargs["key"]})
        if not link.is_valid():
            reset_url = contexts.recall(request).link("identity:password-reset")
            return self.render_to_response({"token_fail": True, "reset_url": reset_url})
        assert link.reset_user is not None
        self.user, self.key = link.reset_user, kwargs["key"]
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.user, "temp_key": self.key}

    def form_valid(self, form: PasswordResetKeyForm) -> HttpResponse:
        form.save()
        finalize_password_reset(self.request, self.user)
        return _to(reverse("identity:password-reset-done"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": kwargs.get("form") or self.get_form(), "token_fail": False, "login": self.user.login}

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        # The address is a credential until it is used.
        return tell_origin_only(page(self.request, "identity/password_reset_key.html", context))


@comes_back
@_methods
class PasswordChangeView(allauth.PasswordChangeView):
    """A new password for the user who is signed in; this browser stays signed in, all others do not."""

    form_class = PasswordChangeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        now = timezone.now()
        if (refusal := not_signed_in(request, now=now)) is not None:
            return refusal
        session = sessions.current(request, now=now)
        assert session is not None
        if not session.user.has_usable_password():
            return _to(reverse("identity:password-reset"))  # there is no old one to ask for
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        return keep_private(response)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wait := throttle.seconds_to_wait(context.current().caller):
            return _too_many(request, wait)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        # What other devices know of the old password is void; this one has just shown the old and the new one.
        devices.remember(self.request, response, User.objects.get(pk=self.request.user.pk))
        return response

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        if form.has_error("oldpassword", "enter_current_password"):
            throttle.count_failure(context.current().caller)
        return self.render_to_response(self.get_context_data(form=form))

    def get_success_url(self) -> str:
        return reverse("identity:password-changed")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": kwargs.get("form") or self.get_form()}

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        return page(self.request, "identity/password_change.html", context)


@require_safe
def reset_sent(request: HttpRequest) -> HttpResponse:
    """The same for every address (ID-64)."""
    signin_url = contexts.recall(request).link("identity:signin")
    return page(request, "identity/password_reset_sent.html", {"signin_url": signin_url})


@require_safe
def reset_done(request: HttpRequest) -> HttpResponse:
    """Back to what the person came for."""
    signin_url = contexts.recall(request).link("identity:signin")
    return page(request, "identity/password_reset_done.html", {"signin_url": signin_url})


@require_safe
def changed(request: HttpRequest) -> HttpResponse:
    """The new password is in force."""
    return page(request, "identity/password_changed.html")

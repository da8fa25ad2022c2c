"""The pages of an application's secrets: add one and see it once, retire, remove (TA-50 to TA-56)."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from erpnet_identity.audit import events
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.users.services import actor_for
from trusted_apps import services
from trusted_apps.models import ClientSecret, TrustedApplication
from trusted_apps.secret_forms import HASH, SecretForm

TEMPLATES = "admin/trusted_apps/trustedapplication"


def _was_sent(application: TrustedApplication, nonce: uuid.UUID) -> bool:
    """Whether this form added a secret before. The trace knows it even when the secret has been removed since."""
    return AuditEvent.objects.filter(
        client_id=application.client_id,
        application_id=str(application.pk),
        name=events.APPLICATION_SECRET_ADDED,
        detail__secret_id=str(nonce),
    ).exists()


def _ends_sign_ins(secret: ClientSecret) -> bool:
    """Whether people notice that the secret goes: refresh tokens end with one that was valid (TA-54)."""
    return secret.is_usable(timezone.now()) and secret.application.allows_sign_in


def _what_follows(secret: ClientSecret) -> str:
    if not _ends_sign_ins(secret):
        return ""
    return " People who are signed in through this application must sign in again."


class SecretViews:
    """Mixed into the admin of applications."""

    admin_site: Any
    message_user: Any
    has_change_permission: Any
    get_object: Any

    def secret_urls(self) -> list[URLPattern]:
        """The pages below an application."""
        wrap = self.admin_site.admin_view
        name = "trusted_apps_trustedapplication_secret"
        one = "<path:object_id>/secrets/<uuid:secret_id>"
        return [
            path("<path:object_id>/secrets/add/", wrap(self.add_secret_view), name=f"{name}_add"),
            path(f"{one}/retire/", wrap(self.retire_secret_view), name=f"{name}_retire"),
            path(f"{one}/remove/", wrap(self.remove_secret_view), name=f"{name}_remove"),
        ]

    def application_or_404(self, request: HttpRequest, object_id: str) -> TrustedApplication:
        """The application of the address, for a user who may change it."""
        application = self.get_object(request, unquote(object_id))
        if application is None:
            raise Http404
        if not self.has_change_permission(request, application):
            raise PermissionDenied
        return application

    @method_decorator([csrf_protect, require_http_methods(["GET", "HEAD", "POST"])])
    def add_secret_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Add a secret. A generated one is shown in the answer to the POST and nowhere else (TA-56)."""
        application = self.application_or_404(request, object_id)
        if not application.is_confidential:
            self.message_user(request, "Only a confidential application can have secrets (TA-33).", messages.ERROR)
            return HttpResponseRedirect(application.get_absolute_url())
        form = SecretForm(application, request.POST or None)
        if request.method == "POST" and form.is_valid():
            response = self._add_secret(request, application, form)
        else:
            response = self._page(request, application, "add_secret.html", "Add a secret", form=form)
        # What a person typed or was given here must not lie in any cache (TA-55).
        response["Cache-Control"] = "no-store"
        return response

    def _add_secret(self, request: HttpRequest, application: TrustedApplication, form: SecretForm) -> HttpResponse:
        nonce = form.cleaned_data["nonce"]
        try:
            with transaction.atomic():
                # Held until the end, so that a double click is two requests one after the other.
                TrustedApplication.objects.select_for_update().get(pk=application.pk)
                if _was_sent(application, nonce):
                    return self._page(
                        request, application, "secret_sent_twice.html", "This form was already sent", status=409
                    )
                row, generated = services.add_secret(
                    application,
                    actor=actor_for(request.user),
                    name=form.cleaned_data["name"],
                    expires=form.expires(timezone.now()),
                    key=nonce,
                    **form.material(),  # type: ignore[arg-type]
                )
        except ValidationError as errors:
            form.adopt(errors)
            return self._page(request, application, "add_secret.html", "Add a secret", form=form)
        if generated is not None:
            return self._page(
                request, application, "secret_created.html", "Copy the secret now", secret=row, plain_secret=generated
            )
        kind = "hash" if form.cleaned_data["how"] == HASH else "secret"
        self.message_user(request, f"The {kind} was stored under the name “{row.name}”.", messages.SUCCESS)
        return HttpResponseRedirect(application.get_absolute_url() + "#secrets")

    @method_decorator([csrf_protect, require_http_methods(["GET", "HEAD", "POST"])])
    def retire_secret_view(self, request: HttpRequest, object_id: str, secret_id: uuid.UUID) -> HttpResponseBase:
        """Stop accepting a secret, after a question (TA-53)."""
        application, secret = self._secret_or_404(request, object_id, secret_id)
        if request.method == "POST":
            after = _what_follows(secret)
            if services.retire_secret(secret, actor=actor_for(request.user)):
                text = f"The secret “{secret.name}” is no longer accepted.{after}"
                self.message_user(request, text, messages.SUCCESS)
            return HttpResponseRedirect(application.get_absolute_url() + "#secrets")
        return self._confirmation(request, application, secret, verb="retire")

    @method_decorator([csrf_protect, require_http_methods(["GET", "HEAD", "POST"])])
    def remove_secret_view(self, request: HttpRequest, object_id: str, secret_id: uuid.UUID) -> HttpResponseBase:
        """Delete a secret from the list, after a question."""
        application, secret = self._secret_or_404(request, object_id, secret_id)
        if request.method == "POST":
            after = _what_follows(secret)
            if services.remove_secret(secret, actor=actor_for(request.user)):
                self.message_user(request, f"The secret “{secret.name}” was removed.{after}", messages.SUCCESS)
            return HttpResponseRedirect(application.get_absolute_url() + "#secrets")
        return self._confirmation(request, application, secret, verb="remove")

    def _secret_or_404(
        self, request: HttpRequest, object_id: str, secret_id: uuid.UUID
    ) -> tuple[TrustedApplication, ClientSecret]:
        application = self.application_or_404(request, object_id)
        secret = application.secrets.filter(pk=secret_id).first()
        if secret is None:
            raise Http404
        secret.application = application
        return application, secret

    def _confirmation(
        self, request: HttpRequest, application: TrustedApplication, secret: ClientSecret, *, verb: str
    ) -> HttpResponse:
        now = timezone.now()
        others = [row for row in application.secrets.all() if row.pk != secret.pk and row.is_usable(now)]
        return self._page(
            request,
            application,
            "confirm_secret.html",
            f"{verb.capitalize()} the secret “{secret.name}”?",
            secret=secret,
            verb=verb,
            is_usable=secret.is_usable(now),
            is_last=secret.is_usable(now) and not others,
            ends_sign_ins=_ends_sign_ins(secret),
        )

    def _page(
        self,
        request: HttpRequest,
        application: TrustedApplication,
        template: str,
        title: str,
        *,
        status: int = 200,
        **context: Any,
    ) -> HttpResponse:
        response = TemplateResponse(
            request,
            f"{TEMPLATES}/{template}",
            {
                **self.admin_site.each_context(request),
                "title": title,
                "application": application,
                "opts": TrustedApplication._meta,
                "add_secret_url": reverse("admin:trusted_apps_trustedapplication_secret_add", args=[application.pk]),
                **context,
            },
            status=status,
        )
        return response.render()

"""One authorization request on its way: who is signed in, what comes next, the answer (ID-71 to ID-85)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.services import record
from erpnet_identity.identity import authentication_context, consent, sessions
from erpnet_identity.identity.models import Consent, IdentitySession
from erpnet_identity.identity.page import keep_private, page
from erpnet_identity.identity.signed_request import SignedRequest
from erpnet_identity.users.services import actor_for
from trusted_apps import scopes

from . import audit, authorization_response, consent_page, interaction_policy
from .authorization_code import issue
from .authorization_request import AuthorizationRequest, RefusedRequest
from .interaction_policy import Failed, SignedIn, Step


@dataclass(slots=True)
class Authorization:
    """A checked request at this browser. ``waiting`` is the signed request that it continues, None for one that has
    just arrived."""

    http: HttpRequest
    request: AuthorizationRequest
    now: datetime
    waiting: SignedRequest | None = None
    _consent: Consent | None = None

    def proceed(self) -> HttpResponse:
        """The next page, or the answer."""
        session = sessions.current(self.http, now=self.now)
        try:
            step = self._before_consent(session)
            if session is not None and step is Step.ISSUE:
                granted = self._granted(session)
                if self._consent_step(session, granted) is Step.CONSENT:
                    return self._consent_page(session, granted)
                return self._issue(session, granted)
        except Failed as failed:
            return self._fail(failed, session)
        if step is Step.SIGN_IN or session is None:
            return self._to("identity:signin")
        if step is Step.SELECT_ACCOUNT:
            return self._to("identity:select-account")
        return self._wrong_account(session)

    def answer_consent(self, *, is_allowed: bool, shown: str) -> HttpResponse:
        """The person pressed a button on the consent page. What was shown is what is granted: where anything changed
        since, the person is asked again."""
        session = sessions.current(self.http, now=self.now)
        try:
            if session is None or self._before_consent(session) is not Step.ISSUE:
                return self.proceed()
            granted = self._granted(session)
            wanted = consent_page.asked(self.request, granted)
            if not consent_page.was_shown(shown, self.request, session.sid, wanted):
                return self._to("oauth2_provider:resume")
            if not is_allowed:
                return self._deny(session, wanted)
            with transaction.atomic():
                consent.grant(self.request.application, session.user, wanted, sid=session.sid, now=self.now)
                return self._issue(session, granted)
        except Failed as failed:
            return self._fail(failed, session)

    def cancel(self) -> HttpResponse:
        """The person does not go on (ID-65)."""
        session = sessions.current(self.http, now=self.now)
        return self._fail(Failed("access_denied", "The person cancelled", Cause.CANCELLED), session)

    # ── steps ─────────────────────────────────────────────────────────────────────────────────────────

    def _before_consent(self, session: IdentitySession | None) -> Step:
        person = None
        if session is not None:
            person = SignedIn(
                login=session.user.login,
                auth_time=session.auth_time,
                acr=authentication_context.reached(session.amr),
                is_chosen=self.waiting is not None and self.waiting.chosen == session.sid,
            )
        return interaction_policy.before_consent(
            self.request,
            person,
            is_admitted=session is not None and self.request.application.admits(session.user),
            since=self.waiting.since if self.waiting is not None else None,
            now=self.now,
        )

    def _granted(self, session: IdentitySession) -> list[str]:
        """The scopes for this very person. Raises ``Failed`` when nothing is left of them (ID-182, ID-183)."""
        granted = self.request.scopes
        if not session.user.may_call_apis:
            granted = scopes.without_data(granted)
            if not granted or granted == [scopes.LEGACY]:
                raise Failed("access_denied", "This account has no access to data", Cause.SCOPE_EMPTY)
        return granted

    def _consent_step(self, session: IdentitySession, granted: list[str]) -> Step:
        application, redirect_uri = self.request.application, self.request.reply_to.redirect_uri
        if not consent.is_asked_for(application, redirect_uri):
            return Step.ISSUE
        self._consent = consent.remembered(application, session.user)
        missing = consent.missing(consent_page.asked(self.request, granted), self._consent)
        is_asked_always = consent.is_asked_always(application, redirect_uri)
        return interaction_policy.consent_step(self.request, missing, is_asked_always=is_asked_always)

    # ── answers ───────────────────────────────────────────────────────────────────────────────────────

    def _issue(self, session: IdentitySession, granted: list[str]) -> HttpResponse:
        parameters = issue(self.request, session, granted, now=self.now)
        return authorization_response.answer(self.http, self.request.reply_to, parameters)

    def _fail(self, failed: Failed, session: IdentitySession | None) -> HttpResponse:
        refused = RefusedRequest(failed.error, failed.description, failed.cause, reply_to=self.request.reply_to)
        user, sid = (session.user, session.sid) if session is not None else (None, "")
        audit.record_refused_request(refused, user=user, sid=sid)
        return authorization_response.refuse(self.http, refused)

    def _deny(self, session: IdentitySession, wanted: list[str]) -> HttpResponse:
        record(
            events.CONSENT_DENIED,
            outcome="refused",
            actor=actor_for(session.user),
            application=self.request.application,
            user=session.user,
            sid=session.sid,
            detail={"scope": " ".join(wanted)},
        )
        denied = RefusedRequest(
            "access_denied", "The person did not allow it", Cause.CONSENT_DENIED, reply_to=self.request.reply_to
        )
        return authorization_response.refuse(self.http, denied)

    # ── pages ─────────────────────────────────────────────────────────────────────────────────────────

    def _signed_request(self) -> SignedRequest:
        return self.waiting or SignedRequest(self.request.parameters, self.now)

    def _to(self, name: str) -> HttpResponse:
        """Send the browser to a page that has an address of its own, so that reloading it is harmless."""
        response = HttpResponseRedirect(f"{reverse(name)}?{urlencode({'request': self._signed_request().seal()})}")
        return keep_private(response)

    def _addresses(self, sealed: str) -> dict[str, Any]:
        query = urlencode({"request": sealed})
        return {
            "request_token": sealed,
            "cancel_url": f"{reverse('oauth2_provider:cancel')}?{query}",
            "other_url": f"{reverse('identity:signin')}?{query}&other=1",
            "switch_url": f"{reverse('identity:signin')}?{query}&other=1",
        }

    def _consent_page(self, session: IdentitySession, granted: list[str]) -> HttpResponse:
        wanted = consent_page.asked(self.request, granted)
        context = consent_page.context(self.request, wanted, self._consent)
        context |= self._addresses(self._signed_request().seal())
        context |= {
            "user": session.user,
            "action": reverse("oauth2_provider:consent"),
            "shown": consent_page.seal(self.request, session.sid, wanted),
        }
        return page(self.http, "oauth/consent.html", context, leads_away=True)

    def _wrong_account(self, session: IdentitySession) -> HttpResponse:
        context = self._addresses(self._signed_request().seal())
        context |= {"application": self.request.application, "user": session.user}
        return page(self.http, "identity/wrong_account.html", context)

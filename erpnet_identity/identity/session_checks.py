"""Whether what a person said at the browser still holds when the application comes for its tokens (ID-83, ID-157)."""

from django.db.models import Exists

from erpnet_identity.audit.causes import Cause
from erpnet_identity.users.models import User
from trusted_apps.models import TrustedApplication

from .consent import is_asked_for
from .models import Consent, IdentitySession


def why_void(sid: str, *, application: TrustedApplication, user: User, redirect_uri: str) -> Cause | None:
    """Why a code that was issued in this session for this address gives nothing any more, as a cause for the trail;
    None when it does.

    One query. A code is issued while its user signs out or withdraws the consent, and neither of the two can see it
    yet: so the exchange looks once more. A session that only expired is no reason (TK-60).
    """
    withdrawn = Consent.objects.filter(user=user, application=application, revoked_at__isnull=False)
    session = IdentitySession.objects.filter(sid=sid, ended_at=None).values_list(Exists(withdrawn), flat=True).first()
    if session is None:
        return Cause.SESSION_ENDED
    return Cause.CONSENT_WITHDRAWN if session and is_asked_for(application, redirect_uri) else None

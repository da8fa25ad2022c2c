"""What an application may do, in sentences for administrators (TA-74). Pure: asks the row, no database."""

from . import redirects, scopes
from .models import ReferenceTokenPolicy, TrustedApplication


def summarise(application: TrustedApplication) -> list[str]:
    """The permissions of a record as sentences, the most important first."""
    if not application.can_authenticate:
        return ["It is a placeholder: it records that the app was installed and can never authenticate."]
    found = []
    if not application.is_enabled:
        found.append("It is disabled: nothing below works, and tokens that it already has are refused.")
    found += [*_sign_in(application), *_service(application)]
    if not found or (len(found) == 1 and not application.is_enabled):
        found.append("Nobody may sign in through it and it may not act as a service.")
    found += [
        *_owner(application),
        _proof(application),
        _data(application),
        *_slots(application),
        _reference_tokens(application),
    ]
    if application.allows_basic_authentication:
        found.append("Old clients that sign in with a login and a password may name it.")
    return found


def _sign_in(application: TrustedApplication) -> list[str]:
    people = {
        (True, True): "Internal and community users",
        (True, False): "Internal users",
        (False, True): "Community users, but not internal users,",
    }.get((application.allows_internal_users, application.allows_community_users))
    if people is None:
        return []
    places = redirects.hosts(application.redirect_uri_list)
    target = f" and return to {_and(places)}" if places else ""
    found = [f"{people} may sign in through it{target}."]
    if application.is_first_party and application.may_be_anybody:
        found.append(
            "It belongs to this organisation; people are still asked for consent where it runs on their device."
        )
    elif application.is_first_party:
        found.append("People are not asked for consent, because it belongs to this organisation.")
    return found


def _owner(application: TrustedApplication) -> list[str]:
    if not application.owner:
        return []
    known = "an administrator has verified that" if application.is_verified else "nobody has verified that"
    return [f"Its owner is {application.owner}; {known}."]


def _service(application: TrustedApplication) -> list[str]:
    if not application.allows_service:
        return []
    user = application.system_user
    if user is None:
        return ["It may act as a service, but has no system user to run as."]
    if not application.allows_service_access:
        return [f"It may act as a service, but {user.login} is inactive or of a type that cannot run services."]
    return [f"It can run as {user.login} without a person."]


def _proof(application: TrustedApplication) -> str:
    if application.is_public:
        return "It keeps no secret and proves itself with PKCE at every sign-in."
    return "It proves itself with a client secret."


def _data(application: TrustedApplication) -> str:
    registered = scopes.registered(application.scope)
    if not registered:
        return "It has no access to data."
    may = {
        (True, False): "It may read data and not change it.",
        (False, True): "It may create, change and delete data, but not read it.",
        (True, True): "It may read and change data.",
    }.get((scopes.READ in registered, scopes.UPDATE in registered), "")
    if scopes.SEC in registered:
        may = f"{may} It may manage users and security.".strip()
    if application.identity_scopes_imply_access and application.allows_sign_in:
        may += " It gets this access even when it asks only who the person is."
    return may


def _slots(application: TrustedApplication) -> list[str]:
    if application.slot_limit is None:
        return []
    sessions = "1 session" if application.slot_limit == 1 else f"{application.slot_limit} sessions"
    return [f"It may hold the licenses of at most {sessions} at a time."]


def _reference_tokens(application: TrustedApplication) -> str:
    kinds = "personal and service" if application.allows_service else "personal"
    return {
        ReferenceTokenPolicy.NONE: "Nobody may issue reference tokens for it.",
        ReferenceTokenPolicy.AUTHENTICATED_USERS: "Every signed-in user may issue personal reference tokens for it"
        + ("; administrators may issue service tokens too." if application.allows_service else "."),
        ReferenceTokenPolicy.ADMINISTRATORS_ONLY: f"Only administrators may issue {kinds} reference tokens for it.",
    }.get(ReferenceTokenPolicy(application.reference_tokens), "")


def _and(words: list[str]) -> str:
    shown = words if len(words) <= 3 else [*words[:2], f"{len(words) - 2} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))

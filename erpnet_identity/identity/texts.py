"""What the sign-in and consent pages say to people, in one place so that it is translated once."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

# One text for every cause: it never tells whether the account exists, is locked, inactive or of a type that cannot sign
# in (ID-64). What helps a person whose account is locked stands in it for everybody (ID-191).
SIGN_IN_FAILED = _(
    "User name or password is not right. If you are sure of both, wait a few minutes or reset your password."
)

CURRENT_PASSWORD_WRONG = _(
    "This is not your current password. If you are sure of it, wait a few minutes or reset your password."
)
PASSWORDS_DIFFER = _("The two passwords differ.")

LABEL_LOGIN = _("User name or e-mail")
LABEL_PASSWORD = _("Password")
LABEL_REMEMBER = _("Remember me")
LABEL_EMAIL = _("E-mail address")
LABEL_CURRENT_PASSWORD = _("Current password")
LABEL_NEW_PASSWORD = _("New password")
LABEL_NEW_PASSWORD_AGAIN = _("Confirm new password")
LABEL_SECRET = _("Secret")
LABEL_HASH = _("Hash of the secret")

# The headings of the consent page, by the kind of its groups.
GROUP_TITLE: dict[str, Promise] = {
    "see": _("See"),
    "change": _("Change"),
    "stay": _("Stay connected"),
}

# What a scope means to the person who is asked for it (ID-81).
SCOPE_TEXT: dict[str, Promise] = {
    "openid": _("Know who you are (your user name)"),
    "profile": _("See your name, e-mail address, language and kind of account"),
    "email": _("See your e-mail address"),
    "read": _("Read business data that you may see"),
    "update": _("Create, change and delete business data that you may change"),
    "sec": _("Manage users, rights and applications"),
    "offline_access": _("Stay connected when you are not using it"),
}

# The headings of the error page.
SIGN_IN_CANNOT_GO_ON = _("Sign-in couldn't continue")
SIGN_OUT_CANNOT_GO_ON = _("Sign-out couldn't continue")

# What a person reads on the error page, by the code that developers read there (ID-46 to ID-48).
ERROR_EXPLANATION: dict[str, Promise] = {
    "unauthorized_client": _(
        "The application that sent you here is not registered, is switched off, or may not sign people in. "
        "Your administrator can change that."
    ),
    "invalid_redirect_uri": _(
        "The application wants you to return to an address that is not registered for it. To protect you, nothing was "
        "sent there. The people who run the application can correct that."
    ),
    "invalid_request": _(
        "The application sent a request that cannot be understood. Go back to it and try again. If this happens again, "
        "tell the people who run the application."
    ),
    "request_expired": _(
        "This page was open for too long, or it was used already. Go back to the application and start again."
    ),
}
ERROR_IN_GENERAL = _("Go back to the application and start again.")

HOUR = 3600
DAY = 24 * HOUR


def error_explanation(code: str) -> Promise:
    """The sentence for an error code, the general one for a code that has none of its own."""
    return ERROR_EXPLANATION.get(code, ERROR_IN_GENERAL)


def duration_text(seconds: int) -> str:
    """How long a consent lasts, in the words of the page: "for one hour", "for up to 30 days". Rounded up, because
    nobody may be promised less than what they grant."""
    if seconds > 2 * DAY or seconds == DAY:
        days = -(-seconds // DAY)
        return ngettext("for up to %(days)d day", "for up to %(days)d days", days) % {"days": days}
    if seconds == HOUR:
        return str(_("for one hour"))
    hours = -(-seconds // HOUR)
    return ngettext("for up to %(hours)d hour", "for up to %(hours)d hours", hours) % {"hours": hours}

"""What a login may be, beyond its length, and a name (ID-63, OP-112). Pure."""

import unicodedata

from erpnet_identity.platform.spelling import hidden, mixes_scripts

LOGIN_TAKEN = "Another account already uses this login."
LOGIN_LOOKS_TAKEN = "Another account has a login that looks the same in another script."
LOGIN_FORMER = "This login once belonged to another account and cannot be given to this one."


def composed(login: str) -> str:
    """How a login is stored: each letter with its accents as one character, where there is one (Unicode NFC)."""
    return unicodedata.normalize("NFC", login)


def login_problem(login: str) -> str:
    """Why a new login is refused, as a sentence; empty for a good one. What cannot be seen, what has a plain spelling,
    and letters of two scripts that look alike would let one account pose as another (Unicode TR39)."""
    if found := hidden(login):
        return f"The login holds the invisible character {found}."
    if any(unicodedata.category(character) in ("Cn", "Co") for character in login):
        return "The login holds a character that Unicode does not define."
    plain = unicodedata.normalize("NFKC", login)
    if plain != composed(login):
        return f"Write the login with plain characters: {plain}"
    # The parts of an address are read apart: петров@example.com.
    if any(mixes_scripts(part) for part in login.split("@")):
        return "The login mixes letters of different alphabets, such as Latin and Cyrillic ones that look alike."
    return ""

"""Text from an unauthenticated caller, made fit for an error description."""


def printable(text: str, length: int) -> str:
    """``text`` reduced to what ``error_description`` may hold (RFC 6749 §5.2): printable ASCII without ``"`` and
    ``\\``; everything else becomes ``?``. At most ``length`` characters."""
    return "".join(
        character if " " <= character <= "~" and character not in '"\\' else "?" for character in text[:length]
    )

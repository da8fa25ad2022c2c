"""Which addresses are spoken to by programs. They have no session, no form token and no language of a person."""

MACHINE_PREFIXES = (
    "/api",
    "/tableapi",
    "/id/connect/token",
    "/id/connect/userinfo",
    "/id/.well-known/",
    "/.well-known/",
    "/tools/",
    "/sys/",
    "/health/",
)


def is_machine(path: str) -> bool:
    """Whether the path belongs to an endpoint for programs."""
    return path.startswith(MACHINE_PREFIXES)


# Sites to which no way leads that an application waits for the end of.
_ADMINISTRATION = ("/admin", "/manage")


def opener_policy(path: str) -> str:
    """Whether a page keeps its tie to the window that opened it (Cross-Origin-Opener-Policy).

    An application may show a sign-in or a sign-out in a window of its own and wait for it; it hears nothing any more
    once one page on the way has cut the tie, be it a forgotten password or an error page. So all pages for people have
    the policy of the sign-in page; only administration, which can do more than look, cuts it.
    """
    return "same-origin" if path.startswith(_ADMINISTRATION) else "unsafe-none"

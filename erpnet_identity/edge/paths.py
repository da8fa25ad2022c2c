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


# Where programs also look for what is not there. The pages among the addresses below it are pages all the same.
_NOTHING_FOR_PEOPLE = ("/id/connect/", "/id/.well-known/")


def is_asked_by_machine(path: str) -> bool:
    """Whether a program asked for an address at which there is nothing."""
    return is_machine(path) or path.startswith(_NOTHING_FOR_PEOPLE) or f"{path}/" in _NOTHING_FOR_PEOPLE


def as_served(path: str) -> str:
    """The address of a page as the site that serves it writes it: Django's administration with a slash at the end,
    every other site without."""
    if path == "/admin" or path.startswith("/admin/"):
        return path if path.endswith("/") else f"{path}/"
    return path[:-1] if path.endswith("/") and not path.endswith("//") and path != "/" else path


# Sites to which no way leads that an application waits for the end of.
_ADMINISTRATION = ("/admin", "/manage")


def opener_policy(path: str) -> str:
    """Whether a page keeps its tie to the window that opened it (Cross-Origin-Opener-Policy).

    An application may show a sign-in or a sign-out in a window of its own and wait for it; it hears nothing any more
    once one page on the way has cut the tie, be it a forgotten password or an error page. So all pages for people have
    the policy of the sign-in page; only administration, which can do more than look, cuts it.
    """
    return "same-origin" if path.startswith(_ADMINISTRATION) else "unsafe-none"

"""What every page that a test opens must keep, whatever the test is about."""

from erpnet_identity.edge.paths import is_machine

# With any other policy some browser sends the form with `Origin: null`, or its address to another site.
REFERRER_POLICIES = {"same-origin", "strict-origin"}


def broken_rules(response, path):
    """What is wrong with a page that was opened at ``path``, a line each."""
    if 300 <= response.status_code < 400 or is_machine(path):
        return []
    if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
        return []
    found = []
    if b"<form" in response.content and response.get("Referrer-Policy") not in REFERRER_POLICIES:
        found.append(f"{path}: its form cannot be sent, Referrer-Policy: {response.get('Referrer-Policy')}")
    # Whose instance it is, before a password is typed. The page that carries an answer on leaves by itself.
    if response.content and not any(
        part in response.content for part in (b'class="brand"', b'id="form-post"', b'id="site-name"')
    ):
        found.append(f"{path}: it does not name the instance")
    # An application that shows a sign-in in a window of its own waits for it, whatever page comes on the way.
    opener = "same-origin" if path.startswith(("/admin", "/manage")) else "unsafe-none"
    if response.get("Cross-Origin-Opener-Policy") != opener:
        found.append(f"{path}: Cross-Origin-Opener-Policy: {response.get('Cross-Origin-Opener-Policy')}")
    return found

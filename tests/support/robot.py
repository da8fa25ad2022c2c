"""A browser program without a window: ``BROWSER="python tests/support/robot.py LOGIN PASSWORD %s &"``.

Opens the address, signs in, says yes, and goes back to the application, as the person would whom a script asks to.
"""

import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import requests

from tests.support.person import PATIENCE, Person


def main(login: str, password: str, address: str) -> None:
    (back,) = parse_qs(urlsplit(address).query)["redirect_uri"]
    person = Person(SimpleNamespace(login=login), password)
    requests.get(person.go(address, to=back).address, timeout=PATIENCE)
    person.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

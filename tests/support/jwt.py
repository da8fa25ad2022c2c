"""What is written in a signed token, for tests that read it as anybody could: without checking the signature."""

import base64
import json


def _decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def header_of(token):
    return _decoded(token.split(".")[0])


def claims_of(token):
    return _decoded(token.split(".")[1])

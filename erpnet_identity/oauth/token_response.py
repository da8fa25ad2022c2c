"""The answer to a token request (RFC 6749 §5.1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """An access token and what goes with it. ``expires_in`` is in seconds; a token that was not issued is empty."""

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str = ""
    id_token: str = ""

    def parameters(self) -> dict[str, str | int]:
        """The members of the JSON object, by their names on the wire."""
        parameters: dict[str, str | int] = {
            "access_token": self.access_token,
            "expires_in": self.expires_in,
            "token_type": "Bearer",
            "scope": self.scope,
        }
        if self.refresh_token:
            parameters["refresh_token"] = self.refresh_token
        if self.id_token:
            parameters["id_token"] = self.id_token
        return parameters

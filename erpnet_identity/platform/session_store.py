"""Browser sessions in the database, under a digest of their key: a copy of the database signs nobody in.

Django keeps the key as it stands in the cookie. A person who reads the table, a backup or the screen of an operator,
could put it into a browser of their own.
"""

import base64
import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone


def digest(key: str) -> str:
    """What stands in the database for a key. The column has 40 characters: 240 of the 256 bits of SHA-256, and keys
    are long and random, so that nothing slower is needed."""
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode("utf-8", "replace")).digest()).decode("ascii")[:40]


class SessionStore(db.SessionStore):
    """Every way from a key to a row and back leads through ``digest``."""

    def _get_session_from_db(self) -> Any:
        row = self._rows().first()
        if row is None:
            self._session_key = None
        return row

    async def _aget_session_from_db(self) -> Any:
        row = await self._rows().afirst()
        if row is None:
            self._session_key = None
        return row

    def _rows(self) -> Any:
        key = digest(self.session_key or "")
        return self.model.objects.filter(session_key=key, expire_date__gt=timezone.now())

    def exists(self, session_key: str) -> bool:
        return super().exists(digest(session_key))

    async def aexists(self, session_key: str) -> bool:
        return await super().aexists(digest(session_key))

    def create_model_instance(self, data: Any) -> Any:
        row = super().create_model_instance(data)
        row.session_key = digest(row.session_key)
        return row

    async def acreate_model_instance(self, data: Any) -> Any:
        row = await super().acreate_model_instance(data)
        row.session_key = digest(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        if (key := session_key or self.session_key) is not None:
            super().delete(digest(key))

    async def adelete(self, session_key: str | None = None) -> None:
        if (key := session_key or self.session_key) is not None:
            await super().adelete(digest(key))

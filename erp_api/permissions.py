"""Who may do what."""

from rest_framework.permissions import BasePermission


class Nobody(BasePermission):
    """Refuses every request: what a view gets that forgot to name its permission."""

    def has_permission(self, request: object, view: object) -> bool:
        return False

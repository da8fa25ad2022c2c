"""The endpoints of the Identity Server."""

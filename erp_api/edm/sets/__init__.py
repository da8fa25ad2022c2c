"""The entity sets, one file per namespace."""

"""The resource server: the ERP's data APIs, guarded by scopes."""

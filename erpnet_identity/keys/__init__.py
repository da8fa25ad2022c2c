"""Signing keys: stored encrypted, published as a key set, used to sign and verify tokens."""

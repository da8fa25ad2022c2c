"""The grants on offer, one module each. Its ``respond`` takes a ``TokenRequest`` and gives the ``TokenResponse``, or
raises ``OAuthRefusal``. What is stored of a grant, and the locks on it, are of ``erpnet_identity.tokens``."""

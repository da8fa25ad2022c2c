"""Django's PostgreSQL backend, asking a busy connection for its health less often."""

"""Throughput of the product next to a bare project on the same machine. Never collected by pytest."""

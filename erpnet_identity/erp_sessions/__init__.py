"""Licence slots: the pool and the seats that are kept."""

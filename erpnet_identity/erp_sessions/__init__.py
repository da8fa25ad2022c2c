"""API sessions and the licence slots that they hold: the pool, the seats that are kept, who is connected."""

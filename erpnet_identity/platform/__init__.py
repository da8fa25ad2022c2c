"""What is not about identity: database, cache, sessions of browsers, throttling, logging, and how texts compare."""

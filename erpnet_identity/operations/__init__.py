"""Running an instance: the server and its processes, health, clean-up, checks, and the commands."""

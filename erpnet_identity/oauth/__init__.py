"""The authorization server's edge: our rules in the toolkit's hooks."""

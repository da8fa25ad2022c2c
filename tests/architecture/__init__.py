"""Rules about the code itself that no linter can see."""

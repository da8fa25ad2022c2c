"""The product without sessions, to see what those cost."""

"""The product without sessions and without limits, to see what those cost."""

"""The yardstick: Django and REST framework with nothing of ours around them, on the same database."""

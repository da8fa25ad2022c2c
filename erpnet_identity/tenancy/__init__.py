"""The instance itself: what it is called."""

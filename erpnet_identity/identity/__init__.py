"""Who signs in and what they agreed to."""

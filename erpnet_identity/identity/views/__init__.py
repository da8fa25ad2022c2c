"""Pages of sign-in and of passwords."""

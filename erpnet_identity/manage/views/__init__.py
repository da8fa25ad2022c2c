"""The pages of the Instance Manager."""

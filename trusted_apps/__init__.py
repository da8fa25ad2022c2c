"""The registry: one record per app that may connect to the instance."""

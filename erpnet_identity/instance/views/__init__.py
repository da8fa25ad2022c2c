"""The pages and tools of the instance root."""

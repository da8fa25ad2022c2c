"""The instance's own pages, tools and commands."""

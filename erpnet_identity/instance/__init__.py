"""The pages that are the instance's own: where it begins, its tools, and its errors."""

"""The Instance Manager: pages on which administrators see and change how the instance is used (IS-50 to IS-82)."""

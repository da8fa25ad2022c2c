"""The query dialect, one small file per option."""

"""The trace: every decision and every change leaves one event."""

"""API sessions and the license slots that they hold: the pool, the reserved seats, who is connected."""

"""How moments are written where no page says it itself, in place of Django's."""

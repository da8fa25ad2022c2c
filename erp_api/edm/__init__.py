"""The published model: which entity sets exist and what they are made of (API-114).

Nothing else knows names: serialization, ``$select``, and whatever reads names later, ask here.
"""

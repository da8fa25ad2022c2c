"""The Identity Server of one ERP instance and the composition root of the product."""

__version__ = "0.4.0"

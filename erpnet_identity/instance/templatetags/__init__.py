"""What every page of the product may ask for."""

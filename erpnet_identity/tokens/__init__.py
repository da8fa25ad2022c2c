"""What proves authority: tokens, their claims, and who is calling with them."""

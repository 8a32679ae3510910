"""What a person can set, the data that this makes, and what the normaliser makes of them."""

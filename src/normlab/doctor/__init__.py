"""The doctor: what is wrong with the normalisation in a network."""

"""What is wrong with the normalisation in a network, and the verified fix: normlab.doctor."""

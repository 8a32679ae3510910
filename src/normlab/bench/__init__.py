"""Times of every layer against torch's own, the equation in torch's operators, torch.compile and a copy."""

"""Asks the learner's code, compares what it gives with what is right, and names the mistake."""

"""Figures of the canonical computation; plain arrays in, no torch."""

"""Figures of the training laboratory: plain arrays in, a figure out. Imports no torch."""

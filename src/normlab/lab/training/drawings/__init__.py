"""Figures of the training laboratory: plain arrays in, a figure out. Imports no torch."""

from normlab.report.style import INK, MUTED, feature_color


def color(i):
    """Of the i-th curve: the first, without a normaliser, is grey; the second has the first colour."""
    return (MUTED, *(feature_color(k) for k in range(5)), INK)[i % 7]

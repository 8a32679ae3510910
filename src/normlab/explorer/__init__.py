"""The explorer: normalisation to touch, in the browser (`normlab explore`) and in notebooks.

Python computes everything, with the library's own operands; the page only draws.
"""

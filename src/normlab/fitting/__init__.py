"""Contrast responses and the normalisation model fitted to one's own data: normlab.fit."""

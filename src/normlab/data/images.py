"""Image files as arrays in [0, 1], scaled by their type and never clipped."""

IMAGES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
)

"""Statistics applied to a file: normalised as it streams through, or brought back."""

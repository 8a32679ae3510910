"""Any module against its float64 reference: normlab.check."""

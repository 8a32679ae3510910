"""One normaliser for another throughout a model: normlab.convert."""

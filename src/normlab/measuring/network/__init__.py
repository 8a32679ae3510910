"""Statistics put to use: as a transform, a layer, scikit-learn's scaler, running statistics, and source code."""

"""Statistics put to use: as a transform, a layer, a scaler, running statistics, and source code."""

"""Two sets of statistics side by side: today's against training's, a shard's against the others'."""

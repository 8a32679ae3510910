"""normlab run and its options: they stand apart from the families, so that --help loads none of them."""

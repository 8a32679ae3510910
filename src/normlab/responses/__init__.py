"""Models of responses and their fit by maximum likelihood, for normlab.fit and for the laboratory."""

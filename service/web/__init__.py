"""The HTTP service: requests in, tags out. Knows nothing of training."""

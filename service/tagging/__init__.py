"""The shared core: an article in, its topics out. Knows no HTTP and no training."""

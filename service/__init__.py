"""The deployable part of Barchasb: tagger, HTTP service and command line."""

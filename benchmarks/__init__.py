"""What the tagger is held against: peers on the same articles."""

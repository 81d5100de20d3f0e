"""The model card: what a version learned from, how well it does, what it is not for."""

from training.card.made import Card, make_card
from training.card.material import CardMaterial

__all__ = ["Card", "CardMaterial", "make_card"]

"""Makes the card: one page for people, the same figures as JSON for programs."""

import json
from dataclasses import dataclass

from training.card.contents import as_json, gather
from training.card.material import CardMaterial
from training.card.page import render


@dataclass(frozen=True, slots=True)
class Card:
    """A model card; the same seeds, code and libraries give the same bytes.

    Attributes:
        html: A page that needs nothing else, under a policy that allows inline style.
        json: What the page shows, as one object.
    """

    html: str
    json: str


def make_card(material: CardMaterial) -> Card:
    """Measure the model that training has made, and describe it."""
    contents = gather(material)
    figures = json.dumps(as_json(contents), ensure_ascii=False)
    return Card(html=render(contents), json=f"{figures}\n")

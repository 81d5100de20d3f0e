"""Topics, the entries of the taxonomy."""

import msgspec


class Names(msgspec.Struct, frozen=True, gc=False):
    """A topic's name in both languages."""

    fa: str
    en: str


class Topic(msgspec.Struct, frozen=True, gc=False):
    """An entry of the taxonomy, as `seeds/topics.toml` and the model file give it.

    Attributes:
        id: What the API calls the topic: lower-case ASCII letters and underscores.
        name_fa: Its Persian name.
        name_en: Its English name.
        covers: What carries the topic, in Persian, for editors.
        excludes: What does not carry it though it looks alike, in Persian.
    """

    id: str
    name_fa: str
    name_en: str
    covers: str
    excludes: str

    @property
    def names(self) -> Names:
        """What people call it."""
        return Names(fa=self.name_fa, en=self.name_en)

"""`barchasb archive`: tags archives of any size; needs requirements/archive.txt."""


class ArchiveError(Exception):
    """An archive that cannot be tagged; the message says why, and the cure."""

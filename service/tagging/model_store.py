"""Versions of the model on disk, and the pointer to the live one.

    models/<version>/model.joblib     written once, never changed
    models/<version>/manifest.json    its SHA-256 (the version) and size, for people
    models/<version>/...              what training writes of it, for people
    models/live                       the version that is served

Both are written beside and renamed: a reader never meets half of one.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from service.tagging import model_file
from service.tagging.model_file import Model, ModelFileError

_FILE = "model.joblib"
_MANIFEST = "manifest.json"
_POINTER = "live"


class ModelStore:
    """A folder of model versions."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, model: Model, beside: Mapping[str, str] = {}) -> str:
        """Write a model as a version of its own, whole or not at all.

        Args:
            model: The model.
            beside: Files to stand beside it, content by name.

        Returns:
            The version; the same model gives the same version and is kept once, with
            what was last to stand beside it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".new-", dir=self.root))
        try:
            version = model_file.save(model, folder / _FILE)
            size = (folder / _FILE).stat().st_size
            manifest = json.dumps({"version": version, "bytes": size}) + "\n"
            for name, content in {**beside, _MANIFEST: manifest}.items():
                (folder / name).write_text(content, "utf-8")
            folder.chmod(0o755)
            if not (self.root / version).exists():
                folder.rename(self.root / version)
            else:
                for name in beside:
                    (folder / name).replace(self.root / version / name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return version

    def versions(self) -> list[str]:
        """The versions in the folder, in alphabetical order."""
        # A name with a dot is a version that `add` had no time to finish.
        return sorted(path.parent.name for path in self.root.glob(f"[!.]*/{_FILE}"))

    def live_version(self) -> str | None:
        """The version that the pointer names, None where there is no pointer."""
        try:
            return (self.root / _POINTER).read_text("utf-8", "replace").strip()
        except FileNotFoundError:
            return None

    def load(self, version: str) -> Model:
        """Read a version, after making sure that its bytes are the version's.

        Raises:
            ModelFileError: There is no such version, or it is damaged.
        """
        path = self.root / version / _FILE
        if version not in self.versions():
            raise ModelFileError(f"{path} does not exist; run `make train`")
        if model_file.version_of(path) != version:
            raise ModelFileError(
                f"{path} is damaged: its bytes are not those of version {version}; "
                "delete its folder and run `make train`"
            )
        return model_file.load(path)

    def live(self) -> Model:
        """Read the live version.

        Raises:
            ModelFileError: There is none yet, or it cannot be used.
        """
        version = self.live_version()
        if version is None:
            raise ModelFileError(f"{self.root} holds no live model; run `make train`")
        return self.load(version)

    def promote(self, version: str) -> None:
        """Make a version the live one.

        Raises:
            ModelFileError: The version cannot be used; the pointer stays.
        """
        self.load(version)
        beside = self.root / f".{_POINTER}-{os.getpid()}"
        beside.write_text(f"{version}\n", "utf-8")
        beside.replace(self.root / _POINTER)

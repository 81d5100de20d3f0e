import importlib.util

from benchmarks.starting import packages


def test_the_packages_of_the_service_can_be_imported_by_name() -> None:
    assert "msgspec" in packages()
    assert all(importlib.util.find_spec(name) for name in packages())

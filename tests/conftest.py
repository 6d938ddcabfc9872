"""Fixtures that several rooms share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.native import Native


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    return Native(tmp_path_factory.mktemp("native"))


@pytest.fixture(scope="session")
def native_portable(tmp_path_factory: pytest.TempPathFactory) -> Native:
    return Native(tmp_path_factory.mktemp("portable"), portable=True)


@pytest.fixture(scope="session")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder for firmware builds of this session."""
    return tmp_path_factory.mktemp("firmware")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Emulated boards need programs that pip cannot bring: without them the suite must not look green."""
    if shutil.which("qemu-system-arm") is None or shutil.which("arm-none-eabi-gcc") is None:
        for item in items:
            if item.get_closest_marker("qemu"):
                item.add_marker(pytest.mark.usefixtures("missing_tools"))


@pytest.fixture
def missing_tools() -> None:
    pytest.fail("qemu-system-arm and arm-none-eabi-gcc are needed: run `make tools`")

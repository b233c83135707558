"""A program for each test, and one run of the demo and of a small company for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance import companies
from tests.acceptance.program import Ended, Program, stripped


@pytest.fixture
def casebook(tmp_path: Path) -> Program:
    """The program, with nothing written yet."""
    return Program(root=tmp_path, outputs=tmp_path / "outputs")


@pytest.fixture
def brook(tmp_path: Path) -> Path:
    """The folder of a small company."""
    return companies.english(tmp_path / "brook")


@pytest.fixture(scope="session")
def demo_program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program in whose outputs folder the demo was run."""
    root = tmp_path_factory.mktemp("demo")
    return Program(root=root, outputs=root / "outputs")


@pytest.fixture(scope="session")
def demo(demo_program: Program) -> Ended:
    """One run of `casebook demo --json`."""
    return demo_program("demo", "--json")


@pytest.fixture(scope="session")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the report of the small company looks like when nothing goes wrong."""
    root = tmp_path_factory.mktemp("uncut")
    program = Program(root=root, outputs=root / "outputs")
    return stripped(program.run(companies.english(root / "brook")).object["report"]["json"])

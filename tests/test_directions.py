"""The rooms import in one direction, as docs/architecture.md draws them: the layout is the pipeline."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A room imports only what stands before it. "edge_snn" is the package itself: its version.
ORDER = (
    "edge_snn errors files locks graph data reference passes plan anytime models frontends training"
    " firmware_gen harness profile api cli pytest_plugin __main__"
).split()
GENERATOR = {"edge_snn", "errors", "files", "locks", "plan"}  # what firmware_gen knows of a model is its plan


def room_of(module: str) -> str:
    """The room of a dotted name: what stands behind edge_snn, or firmware_gen as a whole."""
    top, *rest = module.split(".")
    return rest[0] if rest and top != "firmware_gen" and not rest[0].startswith("__version") else top


def own_room(path: Path) -> str:
    return room_of(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))


def imports(path: Path) -> set[str]:
    """Rooms that a file imports anywhere, inside functions and for type checkers too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            deeper = {f"{node.module}.{name.name}" for name in node.names}
            found |= deeper if node.module in ("edge_snn", "firmware_gen") else {str(node.module)}
    return {room_of(name) for name in found if name.split(".")[0] in ("edge_snn", "firmware_gen")}


def used() -> dict[str, dict[str, set[str]]]:
    """For each room the other rooms that it imports, and the files that do."""
    result: dict[str, dict[str, set[str]]] = {}
    for path in sorted(path for top in ("edge_snn", "firmware_gen") for path in (ROOT / top).rglob("*.py")):
        room = own_room(path)
        mine = result.setdefault(room, {})
        for other in imports(path) - {room}:
            mine.setdefault(other, set()).add(path.name)
    return result


@pytest.fixture(scope="module")
def rooms():
    return used()


def test_every_room_has_its_place(rooms):
    assert set(rooms) == set(ORDER)


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_only_what_comes_before_it(rooms, room):
    offered = {"api", "errors"}  # by the face of the package, when they are asked for
    before = offered if room == "edge_snn" else set(ORDER[: ORDER.index(room)])
    assert {other: names for other, names in rooms[room].items() if other not in before} == {}


def test_the_generator_knows_of_a_model_only_its_plan(rooms):
    assert {other: names for other, names in rooms["firmware_gen"].items() if other not in GENERATOR} == {}


def test_an_import_inside_a_function_counts(tmp_path):
    path = tmp_path / "late.py"
    path.write_text(
        "def f():\n    from edge_snn.harness import report\n    import firmware_gen.build\n    return report\n"
    )
    assert imports(path) == {"harness", "firmware_gen"}

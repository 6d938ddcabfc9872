"""SavedModels: folders of TensorFlow's, which are programs. What could touch a file, the network or Python is refused.

All operators that do so take or make text (names of files, addresses, Python's tokens), and no network needs text.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edge_snn.errors import InputError
from edge_snn.files import need_file, read_bytes

GRAPH = "saved_model.pb"
MAX_BYTES = 2 << 30
DT_STRING = 7
# The functions that write and read a checkpoint, and how the graph reaches them; loading calls the second only, and
# the child process that loads may write no file at all.
SAVERS = ("__inference__traced_save", "__inference__traced_restore")
IN_SAVERS = frozenset(
    "Const Identity MergeV2Checkpoints Pack RestoreV2 SaveV2 Select ShardedFilename StaticRegexFullMatch "
    "StringJoin".split()
)
BESIDE = frozenset(("Const", "Placeholder", "PartitionedCall", "StatefulPartitionedCall"))
HARMLESS = frozenset(("Const", "Identity", "Assert"))  # text that goes nowhere
PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")


def is_saved_model(path: Path) -> bool:
    """Whether ``path`` is the folder of a SavedModel."""
    return path.is_dir() and (path / GRAPH).exists()


def check(folder: Path) -> None:
    """Raises InputError unless its graph can be read and no operator takes or makes text; needs TensorFlow."""
    from google.protobuf.message import DecodeError  # it comes with TensorFlow
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / GRAPH
    need_file(path)
    document = saved_model_pb2.SavedModel()
    try:
        document.ParseFromString(read_bytes(path, MAX_BYTES))
    except DecodeError as error:
        raise InputError("damaged, or not a SavedModel", where=path.name) from error
    if not document.meta_graphs:
        raise InputError("holds no graph", where=path.name)
    for meta in document.meta_graphs:
        _check_nodes(meta.graph_def.node, BESIDE, path)
        for function in meta.graph_def.library.function:
            saves = function.signature.name.startswith(SAVERS)
            _check_nodes(function.node_def, IN_SAVERS if saves else HARMLESS, path)


def _check_nodes(nodes: Iterable[Any], allowed: frozenset[str], path: Path) -> None:
    from tensorflow.python.framework import op_def_registry

    for node in nodes:
        known = op_def_registry.get(node.op)
        if known is None:
            raise InputError(f"has the operator {node.op[:60]!r}, which TensorFlow does not know", where=path.name)
        if node.op in PYTHON or (_has_text(node, known) and node.op not in allowed):
            raise InputError(
                f"has the operator {node.op[:60]!r}: what takes text, such as names of files, or calls Python is never "
                "loaded",
                where=path.name,
            )


def _has_text(node: Any, known: Any) -> bool:
    """Whether an argument or a result of the operator is text."""
    for end in (*known.input_arg, *known.output_arg):
        if DT_STRING in (end.type, node.attr[end.type_attr].type if end.type_attr else 0):
            return True
        if end.type_list_attr and DT_STRING in node.attr[end.type_list_attr].list.type:
            return True
    return False

#!/bin/sh
# tflite-runtime keeps "all tensors" and still returns overwritten ones: ADD and MUL write over their first input.
#
# Versions: tflite-runtime 2.14.0 and ai-edge-litert 2.3.0 (PyPI), Python 3.11 (not newer), Linux x86-64.
# Behaviour: with experimental_preserve_all_tensors=True, get_tensor() is meant to give every inner tensor. In tflite-runtime 2.14.0 an
#   elementwise operator that is the only reader of its first input writes its output there (unless that is the model's output); reading the input then gives the output,
#   through a whole chain, with default and reference kernels. The model's outputs are right, so nothing warns. Who compares firmware with
#   TFLite layer by layer hunts a fault that is not there. ai-edge-litert 2.3.0 keeps the tensors.
# Valid input: x -> r = RELU(x) -> sum = r + x -> product = sum * x -> difference = product - x, eight floats.
# Exit: 0 as described, 1 the behaviour changed, 2 a package cannot be installed. Under a minute. Seen:
#   tflite_runtime BUILTIN
#     x          right  -4  -3  -2  -1   0   1   2   3
#     r          WRONG  16   9   4   1   0   2   8  18
#     sum        WRONG  16   9   4   1   0   2   8  18
#     product    right  16   9   4   1   0   2   8  18
#     difference right  20  12   6   2   0   1   6  15
#   tflite_runtime BUILTIN_REF
#     x          right  -4  -3  -2  -1   0   1   2   3
#     r          WRONG  16   9   4   1   0   2   8  18
#     sum        WRONG  16   9   4   1   0   2   8  18
#     product    right  16   9   4   1   0   2   8  18
#     difference right  20  12   6   2   0   1   6  15
#   ai_edge_litert BUILTIN
#     x          right  -4  -3  -2  -1   0   1   2   3
#     r          right   0   0   0   0   0   1   2   3
#     sum        right  -4  -3  -2  -1   0   2   4   6
#     product    right  16   9   4   1   0   2   8  18
#     difference right  20  12   6   2   0   1   6  15
#   ai_edge_litert BUILTIN_REF
#     x          right  -4  -3  -2  -1   0   1   2   3
#     r          right   0   0   0   0   0   1   2   3
#     sum        right  -4  -3  -2  -1   0   2   4   6
#     product    right  16   9   4   1   0   2   8  18
#     difference right  20  12   6   2   0   1   6  15
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
venv() { # name, packages...
    name=$1
    shift
    python3 -m venv "$name"
    "$name/bin/pip" install --quiet --disable-pip-version-check "$@" 2>/dev/null || { echo "cannot install $* for $(python3 -V)"; exit 2; }
}
venv runtime tflite-runtime==2.14.0 numpy==1.26.4
venv litert ai-edge-litert==2.3.0 flatbuffers==25.12.19 numpy==2.4.6

cat >make.py <<'EOF'
import flatbuffers
from ai_edge_litert import schema_py_generated as s

model, graph = s.ModelT(), s.SubGraphT()
model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], [s.BufferT()], []
graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [0], [4]
for name in ("x", "r", "sum", "product", "difference"):
    t = s.TensorT()
    t.name, t.shape, t.type, t.buffer = name, [1, 8], s.TensorType.FLOAT32, 0
    graph.tensors.append(t)
for n, name in enumerate(("RELU", "ADD", "MUL", "SUB")):
    code, op = s.OperatorCodeT(), s.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(s.BuiltinOperator, name)
    code.version = 1
    op.opcodeIndex, op.inputs, op.outputs = n, [n, 0] if n else [0], [n + 1]
    if n:
        kind = name.capitalize() + "Options"
        op.builtinOptionsType, op.builtinOptions = getattr(s.BuiltinOptions, kind), getattr(s, kind + "T")()
    model.operatorCodes.append(code)
    graph.operators.append(op)
builder = flatbuffers.Builder(4096)
builder.Finish(model.Pack(builder), b"TFL3")
open("m.tflite", "wb").write(builder.Output())
EOF
cat >run.py <<'EOF'
import importlib, sys, numpy as np
t = importlib.import_module(sys.argv[1] + ".interpreter")
x = np.arange(-4, 4, dtype=np.float32)[None]
r = np.maximum(x, 0)
right = {"x": x, "r": r, "sum": r + x, "product": (r + x) * x, "difference": (r + x) * x - x}
for resolver in ("BUILTIN", "BUILTIN_REF"):
    i = t.Interpreter(model_path="m.tflite", experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=getattr(t.OpResolverType, resolver))
    i.allocate_tensors()
    i.set_tensor(0, x)
    i.invoke()
    print(sys.argv[1], resolver)
    for n, (name, want) in enumerate(right.items()):
        got = i.get_tensor(n)
        print(f"  {name:10} {'right' if (got == want).all() else 'WRONG'}", *(f"{v:3.0f}" for v in got[0]))
EOF
litert/bin/python make.py
runtime/bin/python run.py tflite_runtime 2>/dev/null | tee runtime.txt
litert/bin/python run.py ai_edge_litert 2>/dev/null | tee litert.txt
[ "$(grep -Ec '^  (r|sum) +WRONG' runtime.txt)" = 4 ] && [ "$(grep -c right runtime.txt)" = 6 ] ||
    { echo "changed: tflite-runtime no longer returns overwritten tensors"; exit 1; }
[ "$(grep -c right litert.txt)" = 10 ] || { echo "changed: ai-edge-litert no longer keeps all tensors"; exit 1; }

#!/bin/sh
# The same int8 model gives other bytes in ai-edge-litert than in tflite-runtime and TFLite Micro: FULLY_CONNECTED rounds once, not twice.
#
# Versions: tflite-runtime 2.14.0, tflite-micro 0.dev20261023182759, ai-edge-litert 1.2.0 and 2.3.0 (PyPI), Python 3.11 (not newer), Linux x86-64.
# Behaviour: an int8 sum is scaled by multiplier * 2^-shift. tflite-runtime, TFLite Micro (what runs on the chip) and ai-edge-litert 1.2.0
#   round after the multiplier and again after the shift; ai-edge-litert 2.3.0 rounds once in FULLY_CONNECTED, also with the reference
#   kernels. Nothing in the file says which. A test of firmware against "the reference of TFLite" passes or fails by the package chosen:
#   compare with tflite-micro, or with BUILTIN_REF of tflite-runtime 2.14.0. The default kernels equal neither rounding.
# Valid input: dense layers of the widths of MLPerf Tiny's autoencoder, random int8 weights, 100 inputs. Both roundings are worked out in integers.
# Exit: 0 as described, 1 the behaviour changed, 2 a package cannot be installed. About 2 minutes. Seen:
#   tflite-runtime 2.14.0 reference  differs from rounding twice:      0, from rounding once:   6487, of 64000
#   tflite-runtime 2.14.0 default    differs from rounding twice:     39, from rounding once:   6482, of 64000
#   tflite-micro of 2026-10-23       differs from rounding twice:      0, from rounding once:   6487, of 64000
#   ai-edge-litert 1.2.0 reference   differs from rounding twice:      0, from rounding once:   6487, of 64000
#   ai-edge-litert 2.3.0 reference   differs from rounding twice:   6487, from rounding once:      0, of 64000
#   ai-edge-litert 2.3.0 default     differs from rounding twice:   6524, from rounding once:     89, of 64000
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

venv() { # name, packages...
    name=$1
    shift
    python3 -m venv "$name"
    "$name/bin/pip" install --quiet --disable-pip-version-check "$@" 2>/dev/null ||
        { echo "cannot install $* (Python $(python3 -V) here; 3.9 to 3.11 needed)"; exit 2; }
}
venv runtime tflite-runtime==2.14.0 'numpy==1.26.4'
venv micro tflite-micro==0.dev20261023182759 'numpy==2.4.6'
venv litert12 ai-edge-litert==1.2.0 'numpy==1.26.4'
venv litert23 ai-edge-litert==2.3.0 flatbuffers==25.12.19 'numpy==2.4.6'
cat >make.py <<'EOF'
import numpy as np, flatbuffers
from ai_edge_litert import schema_py_generated as s
rng = np.random.default_rng(1)
def once(acc, multiplier, shift):
    return (acc * multiplier + (1 << (30 + shift))) >> (31 + shift)
def twice(acc, multiplier, shift):
    high = (acc * multiplier + (1 << 30)) >> 31
    return np.sign(high) * ((abs(high) + ((1 << shift) >> 1)) >> shift)
def tensor(name, shape, kind, buffer, scale, zero):
    t = s.TensorT()
    t.name, t.shape, t.type, t.buffer, t.quantization = name, shape, kind, buffer, s.QuantizationParametersT()
    t.quantization.scale, t.quantization.zeroPoint = [scale], [zero]
    return t
def data(array):
    b = s.BufferT()
    b.data = np.frombuffer(array.tobytes(), np.uint8)
    model.buffers.append(b)
    return len(model.buffers) - 1
model, graph, code = s.ModelT(), s.SubGraphT(), s.OperatorCodeT()
model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], [code], [s.BufferT()]
code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.FULLY_CONNECTED
code.version = 4
widths = [640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640]
x = rng.integers(-128, 128, (100, widths[0]), dtype=np.int8)
np.save("x.npy", x)
graph.tensors, graph.operators = [tensor("x", x.shape, s.TensorType.INT8, 0, 0.01, 0)], []
predicted, zero, scale = {once: x.astype(np.int64), twice: x.astype(np.int64)}, 0, np.float32(0.01)
for n, (k, m) in enumerate(zip(widths, widths[1:])):
    last = n == len(widths) - 2
    w = np.clip(np.round(rng.normal(0, 40, (m, k))), -127, 127).astype(np.int8)
    sums = {f: (v - zero) @ w.T.astype(np.int64) for f, v in predicted.items()}
    wscale, top = np.float32(0.002), abs(sums[twice]).max()
    out = np.float32(float(scale) * float(wscale) * top / (127 if last else 255))
    ratio = float(scale) * float(wscale) / float(out)
    mantissa, exponent = np.frexp(ratio)
    multiplier, shift, zero = int(round(float(mantissa) * 2**31)), -int(exponent), 0 if last else -128
    predicted = {f: np.clip(f(a, multiplier, shift) + zero, -128, 127) for f, a in sums.items()}
    graph.tensors += [tensor(f"w{n}", (m, k), s.TensorType.INT8, data(w), wscale, 0),
        tensor(f"y{n}", (100, m), s.TensorType.INT8, 0, out, zero)]
    op = s.OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = 0, [2 * n, 2 * n + 1, -1], [2 * n + 2]
    op.builtinOptionsType, op.builtinOptions = s.BuiltinOptions.FullyConnectedOptions, s.FullyConnectedOptionsT()
    if not last:
        op.builtinOptions.fusedActivationFunction = s.ActivationFunctionType.RELU
    graph.operators.append(op)
    scale = out
graph.inputs, graph.outputs = [0], [len(graph.tensors) - 1]
builder = flatbuffers.Builder(1 << 20)
builder.Finish(model.Pack(builder), b"TFL3")
open("m.tflite", "wb").write(builder.Output())
for f, v in predicted.items():
    np.save(f"{f.__name__}.npy", v)
EOF
cat >run.py <<'EOF'
import importlib, sys, numpy as np
module, resolver, name = sys.argv[1:]
x, file = np.load("x.npy"), open("m.tflite", "rb").read()
if module == "tflite_micro":
    from tflite_micro.python.tflite_micro import runtime
    i = runtime.Interpreter.from_bytes(file, arena_size=1 << 20)
    i.set_input(x, 0)
    i.invoke()
    y = i.get_output(0)
else:
    t = importlib.import_module(module + ".interpreter")
    i = t.Interpreter(model_content=file, experimental_op_resolver_type=getattr(t.OpResolverType, resolver))
    i.allocate_tensors()
    i.set_tensor(i.get_input_details()[0]["index"], x)
    i.invoke()
    y = i.get_tensor(i.get_output_details()[0]["index"])
got = {f: int((np.load(f + ".npy") != y).sum()) for f in ("once", "twice")}
print(f"{name:32} differs from rounding twice: {got['twice']:6d}, from rounding once: {got['once']:6d}, of {y.size}")
EOF
litert23/bin/python make.py
{
    runtime/bin/python run.py tflite_runtime BUILTIN_REF 'tflite-runtime 2.14.0 reference'
    runtime/bin/python run.py tflite_runtime BUILTIN 'tflite-runtime 2.14.0 default'
    micro/bin/python run.py tflite_micro - 'tflite-micro of 2026-10-23'
    litert12/bin/python run.py ai_edge_litert BUILTIN_REF 'ai-edge-litert 1.2.0 reference'
    litert23/bin/python run.py ai_edge_litert BUILTIN_REF 'ai-edge-litert 2.3.0 reference'
    litert23/bin/python run.py ai_edge_litert BUILTIN 'ai-edge-litert 2.3.0 default'
} 2>/dev/null | tee seen
# The default kernels depend on the CPU and are shown only.
for name in 'tflite-runtime 2.14.0 ref' tflite-micro 'ai-edge-litert 1.2.0'; do
    grep -q "^$name.*twice:      0, from rounding once:   [1-9]" seen || { echo "changed: $name no longer rounds twice"; exit 1; }
done
grep -q '^ai-edge-litert 2.3.0 ref.*twice:   [1-9].*once:      0,' seen || { echo "changed: ai-edge-litert no longer rounds once"; exit 1; }

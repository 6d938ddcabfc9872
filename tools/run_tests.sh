#!/bin/sh
# The full suite, printed by tier. Usage: tools/run_tests.sh VENV/bin [VENV-WITH-TENSORFLOW/bin]
set -u
bin=$1
train=${2:-}
status=0
# One worker more than there are cores: much of the time is waiting, for emulated clocks and for silence on a line.
workers=$(($(nproc) + 1))
tier() {
    name=$1
    shift
    printf '\n=== %s\n' "$name"
    "$@" || status=1
}
lint() {
    "$bin/ruff" check -q edge_snn firmware_gen tools tests &&
        "$bin/ruff" format -q --check edge_snn firmware_gen tools tests &&
        "$bin/mypy" --no-error-summary &&
        find firmware_gen edge_snn -name '*.[ch]' -exec "$bin/clang-format" --dry-run -Werror {} +
}
tier "tier 1: lint, types, format" lint
tier "tier 2: Python, C under sanitizers, emulated boards (no TensorFlow)" \
    "$bin/pytest" -q -n "$workers" --dist loadfile -m "not slow and not train" --durations=10
if [ -n "$train" ]; then
    tier "tier 3: model, training, export (TensorFlow)" "$train/pytest" -q -n auto --dist loadfile -m "train and not slow"
else
    printf '\n=== tier 3 left out: TensorFlow 2.16 has no wheel for this Python\n'
fi
exit $status

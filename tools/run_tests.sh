#!/bin/sh
# The full suite, printed by tier. Usage: tools/run_tests.sh VENV/bin
set -u
bin=$1
status=0
tier() {
    name=$1
    shift
    printf '\n=== %s\n' "$name"
    "$@" || status=1
}
tier "tier 1: lint and types" sh -c "$bin/ruff check -q edge_snn firmware_gen tools tests && $bin/mypy --no-error-summary && find firmware_gen -name '*.[ch]' | xargs $bin/clang-format --dry-run -Werror"
tier "tier 2: Python, host C, emulated boards" "$bin/pytest" -q -m "not slow" --durations=10
exit $status

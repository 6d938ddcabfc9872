#!/bin/sh
# C without a multiply sign gets multiplies: gcc and clang turn a loop of additions, or a pointer that walks, into mul and mla.
#
# Versions: arm-none-eabi-gcc 12.2.1 and clang 14.0.6 (Debian packages gcc-arm-none-eabi, clang), Cortex-M4.
# Behaviour: where a loop adds a fixed amount every turn, the compiler replaces the end value by start + turns * amount ("scalar
#   evolution"). gcc does so from -O1 on, even for the end of a pointer that steps through a loop which does other work and stays; clang
#   does so where the loop then disappears. So "the source has no multiply" says nothing of the machine code, and a Cortex-M0 whose
#   multiply takes 32 cycles gets one back. It is held off by -fno-tree-scev-cprop (gcc) and -mllvm -replexitval=never (clang);
#   both are switches of an optimisation, no promise: look at the machine code.
# Valid input: three plain functions below. Exit: 0 as described, 1 the behaviour changed, 2 a tool is missing. Seconds. Seen:
#   arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205
#   Debian clang version 14.0.6
#   gcc -O1                              add_up       1  mul.w r0, r1, r0
#   gcc -O1                              send_column  1  mla r0, r2, r1, r0
#   gcc -O2                              add_up       1  mul.w r0, r1, r0
#   gcc -O2                              send_column  1  mla r0, r2, r1, r0
#   gcc -O3                              add_up       1  mul.w r0, r1, r0
#   gcc -O3                              send_column  2  mla r0, r2, r1, r0
#   gcc -Os                              add_up       1  muls r0, r1
#   gcc -Os                              send_column  1  mla r0, r2, r1, r4
#   gcc -Os                              add_rows     1  mla r0, r0, r2, r1
#   clang -O2                            add_up       1  muls r0, r1
#   clang -Os                            add_up       1  muls r0, r1
#   and 0 in every other row: gcc -O0 and with -fno-tree-scev-cprop, clang -O0 and with -replexitval=never, add_rows and (clang) send_column.
set -eu
for tool in arm-none-eabi-gcc arm-none-eabi-objdump clang; do
    command -v $tool >/dev/null || { echo "missing: $tool"; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >add_up.c <<'EOF'
/* amount, added as often as turns says. */
unsigned add_up(unsigned amount, unsigned turns)
{
    unsigned sum = 0;
    while (turns--)
        sum += amount;
    return sum;
}
EOF
cat >add_rows.c <<'EOF'
#include <stdint.h>
/* Adds rows of 12 to sum and returns where the next row begins: the pointer only steps. */
const int16_t *add_rows(int32_t *sum, const int16_t *row, int rows)
{
    for (int r = 0; r < rows; r++) {
        for (int i = 0; i < 12; i++)
            sum[i] += *row++;
    }
    return row;
}
EOF
cat >send_column.c <<'EOF'
#include <stdint.h>
/* Sends a column of an image to a port and returns where the next one would begin: one step down per row. */
const uint8_t *send_column(const uint8_t *pixel, unsigned rows, unsigned width, volatile uint8_t *port)
{
    while (rows--) {
        *port = *pixel;
        pixel += width;
    }
    return pixel;
}
EOF
arm-none-eabi-gcc --version | head -1
clang --version | head -1
look() { # a compiler and its flags: how many multiplies each function has, and the first of them
    for f in add_up send_column add_rows; do
        "$@" -mcpu=cortex-m4 -mthumb -ffreestanding -c $f.c -o $f.o
        arm-none-eabi-objdump -d --no-show-raw-insn $f.o |
            awk -v what="$f" -v how="$(echo "$*" | sed 's/arm-none-eabi-gcc/gcc/; s/ --target=arm-none-eabi//')" '$2 ~ /^(u|s|sm|um)?(mul|mla|mls|lal)/ { if (!n++) first = $2 " " $3 " " $4 " " $5 " " $6 }
                END { printf "%-36s %-12s %d  %s\n", how, what, n, first }'
    done
}
clang="clang --target=arm-none-eabi"
{
    for o in -O0 -O1 -O2 -O3 -Os; do look arm-none-eabi-gcc $o; done
    for o in -O2 -O3; do look arm-none-eabi-gcc $o -fno-tree-scev-cprop; done
    for o in -O0 -O2 -Os; do look $clang $o; done
    look $clang -O2 -mllvm -replexitval=never
} | sed 's/ *$//' | tee seen
expect() { # flags, function, number of multiplies
    grep -Eq "^$1 +$2 +$3( |\$)" seen || { echo "changed: the number of multiplies in $2 with $1"; exit 1; }
}
for f in add_up send_column; do
    for o in -O1 -O2 -O3 -Os; do expect "gcc $o" $f '[1-9]'; done
done
expect 'gcc -Os' add_rows 1
for o in -O2 -Os; do expect "clang $o" add_up 1; done
for f in add_up send_column add_rows; do
    for how in 'gcc -O0' 'gcc -O2 -fno-tree-scev-cprop' 'gcc -O3 -fno-tree-scev-cprop' 'clang -O0' 'clang -O2 -mllvm -replexitval=never'; do
        expect "$how" $f 0
    done
done

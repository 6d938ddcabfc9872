#!/bin/sh
# GNU objdump prints most Helium multiplies as coprocessor instructions, although it knows that the file is for Armv8.1-M.
#
# Versions: arm-none-eabi-gcc 12.2.1 and GNU objdump 2.40 (Debian packages gcc-arm-none-eabi, binutils-arm-none-eabi), llvm-objdump 14.0.6.
# Behaviour: `objdump -f` names the architecture armv8.1-m.main, and `objdump -d` still reads Helium (Cortex-M55, M85) by the older
#   tables: multiply-accumulate, long, high and scalar multiplies become "cdp 15, ...", loads and stores "ldc" and "stc". Those that share
#   bits with Neon (vmul.i8 of two vectors) are printed as such, so that the listing looks decoded. A search of it for vmla or vmul, a
#   count of cycles by mnemonic or a check for forbidden instructions then misses what a dense kernel is made of. -m armv8.1-m.main
#   decodes all, two under other names: vmlava and vmlalva for the intrinsics vmladavaq and vmlaldavaq. llvm-objdump
#   needs no option.
# Valid input: one function for each of thirteen multiplies of arm_mve.h. Exit: 0 as described, 1 changed, 2 a tool is missing. Seconds. Seen:
#   arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205
#   GNU objdump (2.40-2+18+b1) 2.40
#   architecture: armv8.1-m.main, flags 0x00000010:
#   intrinsic       objdump_-d    objdump_-d_-m llvm-objdump
#   vmladavaq_s8    cdp           vmlava.s8     vmlava.s8
#   vmlaldavaq_s16  cdp           vmlalva.s16   vmlalva.s16
#   vmlaq_n_s8      cdp           vmla.s8       vmla.s8
#   vmulhq_s8       cdp           vmulh.s8      vmulh.s8
#   vmullbq_int_s8  cdp           vmullb.s8     vmullb.s8
#   vmulltq_int_s8  cdp           vmullt.s8     vmullt.s8
#   vmulq_n_s8      cdp           vmul.i8       vmul.i8
#   vqdmlahq_n_s32  cdp           vqdmlah.s32   vqdmlah.s32
#   vmulq_s8        vmul.i8       vmul.i8       vmul.i8
#   vqdmulhq_s32    vqdmulh.s32   vqdmulh.s32   vqdmulh.s32
#   vqrdmulhq_s32   vqrdmulh.s32  vqrdmulh.s32  vqrdmulh.s32
#   vmulq_f32       vmul.f32      vmul.f32      vmul.f32
#   vfmaq_f32       vfma.f32      vfma.f32      vfma.f32
#   multiplies found by name: objdump -d 5, with -m armv8.1-m.main 13, llvm-objdump 13, of 13
set -eu
for tool in arm-none-eabi-gcc arm-none-eabi-objdump llvm-objdump; do
    command -v $tool >/dev/null || { echo "missing: $tool"; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >m.c <<'EOF'
#include <arm_mve.h>
int32_t vmladavaq_s8_(int32_t s, int8x16_t a, int8x16_t b) { return vmladavaq_s8(s, a, b); }
int64_t vmlaldavaq_s16_(int64_t s, int16x8_t a, int16x8_t b) { return vmlaldavaq_s16(s, a, b); }
int8x16_t vmlaq_n_s8_(int8x16_t a, int8x16_t b, int8_t f) { return vmlaq_n_s8(a, b, f); }
int8x16_t vmulhq_s8_(int8x16_t a, int8x16_t b) { return vmulhq_s8(a, b); }
int16x8_t vmullbq_int_s8_(int8x16_t a, int8x16_t b) { return vmullbq_int_s8(a, b); }
int16x8_t vmulltq_int_s8_(int8x16_t a, int8x16_t b) { return vmulltq_int_s8(a, b); }
int8x16_t vmulq_n_s8_(int8x16_t a, int8_t b) { return vmulq_n_s8(a, b); }
int32x4_t vqdmlahq_n_s32_(int32x4_t a, int32x4_t b, int32_t c) { return vqdmlahq_n_s32(a, b, c); }
int8x16_t vmulq_s8_(int8x16_t a, int8x16_t b) { return vmulq_s8(a, b); }
int32x4_t vqdmulhq_s32_(int32x4_t a, int32x4_t b) { return vqdmulhq_s32(a, b); }
int32x4_t vqrdmulhq_s32_(int32x4_t a, int32x4_t b) { return vqrdmulhq_s32(a, b); }
float32x4_t vmulq_f32_(float32x4_t a, float32x4_t b) { return vmulq_f32(a, b); }
float32x4_t vfmaq_f32_(float32x4_t c, float32x4_t a, float32x4_t b) { return vfmaq_f32(c, a, b); }
EOF
arm-none-eabi-gcc -mcpu=cortex-m55 -mfloat-abi=hard -O2 -c m.c
arm-none-eabi-gcc --version | head -1
arm-none-eabi-objdump --version | head -1
arm-none-eabi-objdump -f m.o | grep architecture
mnemonics() { # the command: one line for each function, its name and its first mnemonic
    "$@" | awk '/^[0-9a-f]+ <.*_>:/ { gsub(/[<>:]/, "", $2); sub(/_$/, "", $2); name = $2; next } name != "" && $1 ~ /:$/ { print name, $2; name = "" }'
}
mnemonics arm-none-eabi-objdump -d --no-show-raw-insn m.o >plain
mnemonics arm-none-eabi-objdump -d --no-show-raw-insn -m armv8.1-m.main m.o >told
mnemonics llvm-objdump -d --no-show-raw-insn m.o >llvm
{
    echo "intrinsic objdump_-d objdump_-d_-m llvm-objdump"
    paste -d ' ' plain told llvm | awk '{ print $1, $2, $4, $6 }'
} | awk '{ printf "%-15s %-13s %-13s %s\n", $1, $2, $3, $4 }' | tee seen
multiplies() { grep -Ec ' v(mul|mla|mls|qr?dmul|qdmla|fma)' "$1" || :; }
echo "multiplies found by name: objdump -d $(multiplies plain), with -m armv8.1-m.main $(multiplies told), llvm-objdump $(multiplies llvm), of 13"
[ "$(grep -c ' cdp$' plain)" = 8 ] && [ "$(multiplies plain)" = 5 ] || { echo "changed: objdump -d decodes Helium otherwise"; exit 1; }
[ "$(multiplies told)" = 13 ] && [ "$(multiplies llvm)" = 13 ] || { echo "changed: -m armv8.1-m.main or llvm-objdump misses some"; exit 1; }
grep -q ' vmlava.s8$' told && grep -q ' vmlalva.s16$' told || { echo "changed: the names with -m armv8.1-m.main"; exit 1; }

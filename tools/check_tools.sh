#!/bin/sh
# Names the system packages that are missing; installs them where this is Debian and we are root.
set -eu
need=""
want() { command -v "$1" >/dev/null 2>&1 || need="$need $2"; }
want arm-none-eabi-gcc "gcc-arm-none-eabi libnewlib-arm-none-eabi"
want qemu-system-arm qemu-system-arm
want cmake cmake
want gcc "gcc libc6-dev"
want make make
# Debian packs the compilers and their C libraries apart.
if command -v arm-none-eabi-gcc >/dev/null 2>&1; then
    case "$(arm-none-eabi-gcc -print-file-name=nano.specs)" in
    /*) ;;
    *) need="$need libnewlib-arm-none-eabi" ;;
    esac
fi
if command -v gcc >/dev/null 2>&1; then
    echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1 || need="$need libc6-dev"
fi
"${PYTHON:-python3}" -c 'import ensurepip, venv' >/dev/null 2>&1 || need="$need python3-venv"
[ -z "$need" ] && exit 0
line="apt-get install -y --no-install-recommends$need"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing:$need"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need >/dev/null
    exit 0
fi
echo "missing tools; install them, then try again:" >&2
echo "    sudo $line" >&2
exit 2

#!/bin/sh
# Compiles bpf/*.bpf.c and links them to one object: ci/bpf/build.sh OUT
set -eu
out=${1:?usage: ci/bpf/build.sh OUT}
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../../bpf" && pwd)
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT

# Debian keeps asm/types.h below the architecture's name, where -target bpf does not look.
include=/usr/include/$(uname -m)-linux-gnu

for file in "$source"/*.bpf.c; do
	# Its lines are named in the object: not by where this checkout lies.
	clang -target bpf -mcpu=v3 -O2 -g -Wall -Werror -idirafter "$include" \
		-ffile-prefix-map="$source"=/podatlas/bpf \
		-c "$file" -o "$parts/$(basename "$file" .bpf.c).o"
done
mkdir -p "$(dirname -- "$out")"
bpftool gen object "$parts/linked" "$parts"/*.o
# The rename is atomic: whoever reads OUT sees a whole object or none.
cp "$parts/linked" "$out.$$"
mv "$out.$$" "$out"

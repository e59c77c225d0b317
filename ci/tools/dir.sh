#!/bin/sh
# Prints the cache folder of a tool built from Go modules: ci/tools/dir.sh helm
# ci/setup builds into it and ci/tools/tool.ts looks there, so both agree on what is up to date.
set -eu
cd "$(dirname "$0")/$1"
PATH=$PATH:/usr/local/go/bin
# Whatever goes into the binary goes into the name: module files, sources, flags, the compiler.
hash=$({ for file in *; do echo "$file"; cat "$file"; done; go env GOVERSION GOARCH; } | sha256sum | cut -c1-16)
echo "${XDG_CACHE_HOME:-${HOME:?}/.cache}/podatlas/tools/$1-$hash"

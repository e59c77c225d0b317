# Node, the npm packages, Go, and the kernel object.

require_node() {
	local version
	version=$(node -p 'process.versions.node' 2>/dev/null) || version=''
	case $version in
	'') fault 'Node.js 20 or newer with npm: there is no node in PATH' ;;
	[0-9].* | 1[0-9].*) fault "Node.js 20 or newer with npm: the node in PATH is $version" ;;
	*) command -v npm >/dev/null || fault 'npm: there is none in PATH' ;;
	esac
}

# Which Go is needed stands in the go.mod files; an older one fetches it, unless that is forbidden.
require_go() {
	local words tool
	if ! command -v go >/dev/null; then
		fault 'Go 1.26 or newer: there is no go in PATH nor in /usr/local/go/bin'
		return
	fi
	for tool in $tools; do
		words=$(cd "ci/tools/$tool" && go env GOVERSION 2>&1 >/dev/null) && continue
		fault "A newer Go, for ci/tools/$tool: $words"
		return
	done
}

install_node_modules() {
	node ci/setup.d/node-modules.mjs || locked npm npm_ci
	# npm's settings can forbid install scripts, and one of them puts this Node in its place.
	node_modules/.bin/node -e '' 2>/dev/null || fail 'node_modules/.bin/node does not run' \
		'Delete node_modules, let npm run install scripts (npm config get ignore-scripts), repeat'
}

npm_ci() {
	node ci/setup.d/node-modules.mjs || run 'npm ci' npm ci --no-audit --no-fund --loglevel=http
}

build_bpf_object() {
	local log=$cache/log/bpf-object.log
	mkdir -p "$cache/log"
	node_modules/.bin/node --input-type=module >"$log" 2>&1 9>&- \
		-e "import { bpfObject } from './ci/bpf/object.ts'; bpfObject()" ||
		fail 'building the kernel object from bpf/ failed:' "$(tail -n 15 "$log")"
}

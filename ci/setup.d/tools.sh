# Programs built from Go modules: each folder of ci/tools that has a go.mod.

tool_names() {
	local files=(ci/tools/*/go.mod)
	files=("${files[@]#ci/tools/}")
	echo "${files[*]%/go.mod}"
}

build_tool() {
	local folder
	folder=$(ci/tools/dir.sh "$1")
	[ -d "$folder" ] || locked "$1" build_tool_into "$folder" "$1"
}

build_tool_into() {
	local folder=$1 tool=$2
	[ ! -d "$folder" ] || return 0
	# Left over from a run that was killed; the lock says that it is nobody's.
	rm -rf "$folder".partial
	mkdir -p "$folder".partial
	# Built from a copy: Go may complete a go.mod, and the checkout has to stay as it is.
	cp -r "ci/tools/$tool" "$folder".partial/module
	run "building $tool$(usual_duration "$tool")" go_build "$folder".partial
	rm -r "$folder".partial/module
	mv -T "$folder".partial "$folder"
}

usual_duration() {
	case $1 in
	kubernetes) echo ', about 10 min' ;;
	helm | helm3 | helm-unittest | coredns | cortex | kube-router | otelcol | prometheus | prometheus-operator | thanos) echo ', about 3 min' ;;
	esac
}

go_build() {
	local flags packages=(tool)
	cd "$1/module"
	if [ ! -f flags ]; then
		go mod download
		copy_files
		return
	fi
	mapfile -t flags < <(grep -v '^#' flags)
	[ ! -f main.go ] || packages=(.)
	# The user's own GOFLAGS would change the result behind the cache's back.
	local -x GOFLAGS=-buildvcs=false GOWORK=off CGO_ENABLED=0
	go build -v -trimpath "${flags[@]}" -o ../ "${packages[@]}"
	copy_files
}

# What a tool has besides binaries: each line of `files` is a module and a file of it.
copy_files() {
	local module file
	[ -f files ] || return 0
	while read -r module file; do
		cp --no-preserve=mode "$(go list -m -f '{{.Dir}}' "$module")/$file" ..
	done <files
}

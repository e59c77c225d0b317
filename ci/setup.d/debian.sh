# What comes from Debian or Ubuntu. The tables: a package, and the command or file that shows
# that it is there, whoever installed it; | separates alternatives.

packages_bpf='
clang clang
bpftool bpftool
libbpf-dev /usr/include/bpf/bpf_tracing.h
linux-libc-dev /usr/include/linux/bpf.h'

packages_start="$packages_bpf
libbpf1 /usr/lib/*/libbpf.so.1|/usr/lib64/libbpf.so.1
iproute2 ip
prometheus prometheus"

packages_test="$packages_start
gcc gcc
libmaxminddb-dev /usr/include/*/maxminddb.h|/usr/include/maxminddb.h
libc6-dev /usr/lib/*/libc.a|/usr/lib64/libc.a
clang-format clang-format
curl curl
python3-pip pip3
nftables nft
chromium chromium
binutils readelf
llvm llvm-strip"

packages_scale=$packages_start

packages_cluster="$packages_start
gcc gcc
libc6-dev /usr/lib/*/libc.a|/usr/lib64/libc.a
etcd-server etcd
containerd containerd
runc runc
containernetworking-plugins /usr/lib/cni/bridge
buildah buildah
binutils readelf
llvm llvm-strip
iptables iptables
ipset ipset
conntrack conntrack
openssl openssl"

packages_stage="$packages_bpf
binutils readelf
llvm llvm-strip"

packages_images="$packages_stage
buildah buildah
skopeo skopeo
qemu-user-static qemu-aarch64-static
python3-pip pip3"

packages_kernels="$packages_bpf
gcc gcc
libc6-dev /usr/lib/*/libc.a|/usr/lib64/libc.a
qemu-system-x86 qemu-system-x86_64
qemu-system-arm qemu-system-aarch64
gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
libc6-dev-arm64-cross /usr/aarch64-linux-gnu/lib/libc.a"

packages_tool=''

missing_packages() {
	local table=packages_$1 package sign
	while read -r package sign; do
		[ -z "$package" ] || is_there "$sign" || echo "$package"
	done <<<"${!table}" | sort -u | paste -sd ' '
}

is_there() {
	local alternatives alternative
	IFS='|' read -ra alternatives <<<"$1"
	for alternative in "${alternatives[@]}"; do
		case $alternative in
		/*) compgen -G "$alternative" >/dev/null && return ;;
		# Ubuntu's command is a wrapper that is of no use without the package of this very kernel.
		bpftool) bpftool version >/dev/null 2>&1 && return ;;
		*) command -v "$alternative" >/dev/null && return ;;
		esac
	done
	return 1
}

# Names differ on Ubuntu: bpftool belongs to the kernel's tools there.
names_here() {
	if is_ubuntu; then echo "${1/bpftool/linux-tools-common linux-tools-$(uname -r)}"; else echo "$1"; fi
}

is_ubuntu() {
	grep -qs '^ID=ubuntu$' /etc/os-release
}

require_packages() {
	local missing
	missing=$(missing_packages "$1")
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null; then
		fault "Packages (by their Debian names; there is no apt-get here): $missing"
	elif [ "$(id -u)" -ne 0 ]; then
		fault "Packages, to be installed as root, by:" \
			"  apt-get update && apt-get install -y --no-install-recommends $(names_here "$missing")"
	elif is_ubuntu && [[ " $missing " == *' chromium '* ]]; then
		fault "A browser: Ubuntu has Chromium as a snap only, which cannot be driven from here." \
			"  Install a chromium that is none, such as Debian's package, as a command 'chromium' in PATH"
	fi
}

install_packages() {
	[ -z "$(missing_packages "$1")" ] || locked packages install_missing_packages "$1"
}

install_missing_packages() {
	local missing names
	missing=$(missing_packages "$1")
	[ -n "$missing" ] || return 0
	read -ra names <<<"$(names_here "$missing")"
	export DEBIAN_FRONTEND=noninteractive
	forbid_services
	run 'updating the list of Debian packages' apt-get update -q -o DPkg::Lock::Timeout=300
	run "installing ${names[*]}" apt-get install -q -y --no-install-recommends \
		-o DPkg::Lock::Timeout=300 "${names[@]}"
	allow_services "${names[@]}"
	missing=$(missing_packages "$1")
	[ -z "$missing" ] || fail "installed, but still not to be found: $missing" \
		'Is another version of it first in PATH, or PATH itself unusual?'
}

# Packages such as prometheus and etcd-server start their service at once, and again at each boot.
# podatlas starts its own, on ports of its own.
forbid_services() {
	[ ! -e /usr/sbin/policy-rc.d ] || return 0
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod +x /usr/sbin/policy-rc.d
	forbade_services=yes
}

allow_services() {
	if [ -n "${forbade_services:-}" ]; then
		rm -f /usr/sbin/policy-rc.d
		trap - EXIT
	fi
	[ -d /run/systemd/system ] || return 0
	local units
	units=$(dpkg -L "$@" | sed -n 's|.*/lib/systemd/system/\([^/]*\.service\)$|\1|p')
	# shellcheck disable=SC2086
	[ -z "$units" ] || systemctl disable --quiet --now $units
}

#!/usr/bin/env bash
# Builds the images by the Containerfile where no registry can be reached, and compares them with what ci/image makes of the same
# commit, that which is checked out, file by file:
#   ci/image/containerfile.sh
# As root, with mmdebstrap and buildah, some 5 GB below TMPDIR and 5 minutes. A Debian with this machine's Go and Node stands in for
# the images that the Containerfile starts from.
set -euo pipefail

clean_up() {
	# buildah leaves mounted what it has built.
	awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | tac | xargs --no-run-if-empty umount
	rm -rf "$work"
}

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp --directory)
trap clean_up EXIT
git clone --quiet "$checkout" "$work/clone"
cp --archive "$checkout/node_modules" "$work/clone"
cd "$work/clone"

buildah() {
	command buildah --root "$work/storage" --runroot "$work/run" --storage-driver overlay "$@"
}

# This machine's way to packages: its sources, proxies and authorities.
stand_in() {
	local base authorities=/etc/ssl/certs/ca-certificates.crt
	apt-config dump Acquire >"$work/apt.conf"
	mmdebstrap --quiet --variant=apt --include=ca-certificates,gcc,libc6-dev --aptopt="$work/apt.conf" \
		bookworm "$work/debian.tar" /etc/apt/sources.list.d/debian.sources
	base=$(buildah from scratch)
	buildah add --quiet "$base" "$work/debian.tar" / >/dev/null
	rm "$work/debian.tar"
	buildah copy --quiet "$base" "$(go env GOROOT)" /usr/local/go >/dev/null
	buildah copy --quiet "$base" "$(readlink -f "$(command -v node)")" /usr/local/bin/node >/dev/null
	buildah copy --quiet "$base" "$(npm root --global)/npm" /usr/local/lib/node_modules/npm >/dev/null
	buildah copy --quiet "$base" "$authorities" "$authorities" >/dev/null
	buildah config --env NODE_EXTRA_CA_CERTS="$authorities" \
		--env PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$base"
	buildah commit --quiet --rm "$base" stand-in >/dev/null
}

# All that a builder could change of a file.
listing() {
	(cd "$1" && find . -mindepth 1 -printf '%P %y %m %U:%G %T@ %l\n' | sort && find . -type f -exec sha256sum {} + | sort -k 2)
}

stand_in
for image in agent geoip peers; do
	echo "building $image"
	buildah build --quiet --isolation chroot --layers --timestamp 0 --pull-never --file ci/image/Containerfile \
		--build-arg GO=localhost/stand-in --build-arg NODE=localhost/stand-in --target "$image" --tag "$image" . >"$work/$image.log" 2>&1 ||
		{ tail -n 40 "$work/$image.log" && exit 1; }
done

node_modules/.bin/node ci/image/main.ts --stage "$work/staged"
chown --recursive 0:0 "$work/staged"
for image in agent geoip peers; do
	mkdir -p "$work/expected/$image"
	for layer in node $([ "$image" != geoip ] || echo databases) "$image"; do
		cp --archive "$work/staged/$layer/." "$work/expected/$image"
	done
	listing "$work/expected/$image" >"$work/expected.txt"
	container=$(buildah from --pull-never "localhost/$image")
	listing "$(buildah mount "$container")" >"$work/built.txt"
	diff "$work/expected.txt" "$work/built.txt" ||
		{ echo "$image: the Containerfile (>) and ci/image (<) differ" >&2 && exit 1; }
	echo "$image: $(grep -c '' "$work/built.txt") lines about its files, equal"
done

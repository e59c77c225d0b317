# MaxMind's own test databases, good and broken: they come along with the source of its reader for Python.

samples_version=3.2.0
samples_sha256=d28e0073fd1dd637c8b95947bc864b5625eca9f8f2db1538145e33b2a1cd4b92

install_samples() {
	local folder=$cache/samples/maxminddb-$samples_version
	[ -d "$folder" ] || locked samples install_samples_into "$folder"
}

install_samples_into() {
	local folder=$1
	[ ! -d "$folder" ] || return 0
	rm -rf "$folder".partial
	mkdir -p "$folder".partial
	run "fetching MaxMind's test databases" fetch_samples "$folder".partial
	mv -T "$folder".partial "$folder"
}

# pip itself refuses another checksum.
fetch_samples() {
	echo "maxminddb==$samples_version --hash=sha256:$samples_sha256" >"$1/requirements.txt"
	pip3 download --no-deps --no-binary maxminddb --require-hashes --disable-pip-version-check \
		--dest "$1" --requirement "$1/requirements.txt"
	tar -xzf "$1/maxminddb-$samples_version.tar.gz" -C "$1" --strip-components=3 \
		"maxminddb-$samples_version/tests/data/bad-data" "maxminddb-$samples_version/tests/data/test-data" \
		"maxminddb-$samples_version/tests/data/LICENSE-MIT"
	rm "$1/maxminddb-$samples_version.tar.gz" "$1/requirements.txt"
}

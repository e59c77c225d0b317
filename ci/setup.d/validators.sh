# Programs in Python that check what npm run package writes. They stay in a folder of the cache.

install_validators() {
	local folder
	folder=$(ci/setup.d/validators-dir.sh)
	[ -d "$folder" ] || locked validators into_cache "${folder#"$cache/"}" fetch_validators
}

fetch_validators() {
	pip3 install --disable-pip-version-check --no-deps --only-binary :all: \
		--requirement ci/setup.d/validators.txt --target "$1"
}

# How ci/setup speaks, runs long commands, and fails.

did_something=''
faults=()

say() {
	did_something=yes
	printf 'ci/setup: %s\n' "$*" >&2
}

# fail WHAT FIX...: one message, the end.
fail() {
	printf 'ci/setup: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf '%s\n' "${@:2}" | sed 's/^/  /' >&2
	exit 1
}

fault() {
	faults+=("$@")
}

stop_on_faults() {
	[ ${#faults[@]} -eq 0 ] || fail 'this machine lacks something:' "${faults[@]}"
}

duration() {
	if [ "$1" -lt 60 ]; then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi
}

# run TITLE COMMAND...: with progress; the output goes to a log, and its end is shown on failure.
run() {
	local title=$1 log began=$SECONDS shown=$SECONDS every=20 start='' end='\n' pid status=0
	shift
	mkdir -p "$cache/log"
	log=$cache/log/${title// /-}.log
	log=${log//[^a-zA-Z0-9.\/_-]/}
	if [ -t 2 ]; then every=1 start='\r\033[K' end=''; fi
	say "$title ..."
	"$@" >"$log" 2>&1 </dev/null 9>&- &
	pid=$!
	# A background child of a script ignores Ctrl-C, so it is passed on.
	trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		[ $((SECONDS - shown)) -ge $every ] || continue
		shown=$SECONDS
		printf "$start  %s: %.60s$end" "$(duration $((SECONDS - began)))" "$(last_line "$log")" >&2
	done
	wait "$pid" || status=$?
	trap - INT TERM
	printf "$start" >&2
	[ $status -eq 0 ] || fail "$title failed (exit code $status). The end of $log:" "$(tail -n 15 "$log")"
	printf '  done in %s\n' "$(duration $((SECONDS - began)))" >&2
}

last_line() {
	tail -c 400 "$1" | tr '\r' '\n' | sed -n '/[^[:space:]]/h; ${g;p}' | tr -cd '[:print:]'
}

# locked NAME COMMAND...: two runs at a time do not build or install the same thing twice.
locked() {
	mkdir -p "$cache/lock"
	exec 9>"$cache/lock/$1"
	flock -n 9 || { say "waiting for another run that installs $1"; flock 9; }
	shift
	"$@"
	exec 9>&-
}

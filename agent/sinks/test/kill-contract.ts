import { array, boolean, constantFrom, integer, record, sample, type Arbitrary } from 'fast-check'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Samples } from '../../model.ts'
import type { Receiver } from './contract.ts'
import type { Life } from './doomed-sink.ts'
import { UNCONFIRMED } from '../sample-queue.ts'
import { exampleSamples, exampleSeries } from './examples.ts'
import { endpointOf, wrongIn } from './receiver-truth.ts'
import { makeAuthority, type Authority } from './certificates.ts'
import { FAULTS_NAME, faultProxy, type Fault } from './fault-proxy.ts'
import { anyFault } from './any-fault.ts'
import { startLife } from './lives.ts'

const PODS = ['web-1', 'web-2', 'web-3', 'web-4']
const EVERY_MS = 15
const MOMENTS = 60

type Schedule = {
  readonly faults: readonly Fault[]
  readonly killsAfterMs: readonly number[]
  readonly isSecure: boolean
  readonly maxBytes: number
}

const schedule: Arbitrary<Schedule> = record({
  // Names are found by a stand-in, which another process does not have.
  faults: array(
    anyFault.filter(one => one !== 'no such name'),
    { minLength: 20, maxLength: 40 },
  ),
  killsAfterMs: array(integer({ min: 20, max: 500 }), { minLength: 2, maxLength: 4 }),
  isSecure: boolean(),
  // Some ten moments, or all of them: in an outage some spools overflow.
  maxBytes: constantFrom(8_000, 2 ** 20),
})

type KillOptions = {
  /** The same one gives the same schedules. */
  readonly seed: number
  /** How many there are. */
  readonly count?: number
}

/**
 * What every sink with a spool keeps, whatever happens between it and its receiver, and however often it is killed
 * meanwhile: what the receiver holds is what was offered, but for the samples that were counted as dropped in one life
 * or another and some of those counted as unconfirmed, and no series ever goes back in time.
 */
export function killContract(
  listen: () => Promise<Receiver>,
  { seed, count = 4 }: KillOptions,
): void {
  let authority: Authority
  beforeAll(() => {
    authority = makeAuthority()
  })
  afterAll(() => authority[Symbol.dispose]())

  test(`over random faults and kill -9, seed ${seed}, nothing is lost but what is counted`, async () => {
    const schedules = sample(schedule, { seed, numRuns: count })
    const ends = await Promise.all(schedules.map(one => outlive(listen, one, authority)))
    const failed = ends.flatMap(({ wrong }, index) =>
      wrong.length === 0 ? [] : [{ seed, schedule: schedules[index], wrong }],
    )
    expect(failed).toEqual([])
    // Lives that find nothing prove nothing.
    expect(ends.reduce((sum, { found }) => sum + found, 0)).toBeGreaterThan(0)
  }, 120_000)
}

async function outlive(
  listen: () => Promise<Receiver>,
  { faults, killsAfterMs, isSecure, maxBytes }: Schedule,
  authority: Authority,
): Promise<{ readonly wrong: readonly string[]; readonly found: number }> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-lives-'))
  await using receiver = await listen()
  let [offered, refused, found] = [0, 0, 0]
  const counted = { dropped: 0, unconfirmed: 0 }
  await using proxy = await faultProxy({
    target: endpointOf(receiver),
    faults,
    refusals: () => refused,
    ...(isSecure && { pair: authority.issue(`DNS:${FAULTS_NAME}`) }),
  })
  const startMs = Date.now() - 600_000
  const tls = { caFile: authority.caFile, serverName: FAULTS_NAME.replace('*', 'proxy') }
  const options = {
    ...receiver.options,
    endpoint: proxy.urlByAddress,
    timeout: '200ms',
    ...(isSecure && { tls }),
  }

  async function live(last: number, killAfterMs?: number): Promise<void> {
    const life: Life = {
      options,
      spoolDirectory: folder.path,
      maxBytes,
      startMs,
      first: offered + 1,
      last,
      pods: PODS,
      everyMs: EVERY_MS,
      ...(killAfterMs !== undefined && { killAfterMs }),
    }
    const settled = Promise.withResolvers<void>()
    const { ended, kill } = startLife(life, said => {
      if (said.kind === 'found') found += said.count
      if (said.kind === 'offered') offered = said.value
      if (said.kind === 'dropped')
        counted[said.reason === UNCONFIRMED ? 'unconfirmed' : 'dropped'] += said.count
      if (said.kind === 'failed' && said.reason === 'refused') refused += 1
      if (said.kind === 'settled') settled.resolve()
    })
    await (killAfterMs === undefined ? Promise.race([settled.promise, ended]) : ended)
    await kill()
  }

  for (const killAfterMs of killsAfterMs) await live(Number.MAX_SAFE_INTEGER, killAfterMs)
  await live(offered + MOMENTS)
  const moments = Array.from({ length: offered }, (_, index) => momentOf(index + 1, startMs))
  return { wrong: wrongIn(moments, await receiver.received(0), counted), found }
}

/** As the doomed sink offers it. */
function momentOf(value: number, startMs: number): Samples {
  return exampleSamples(
    PODS.map((pod, index) => [exampleSeries(pod), value + index]),
    startMs + value * 1_000,
  )
}

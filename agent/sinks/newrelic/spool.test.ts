import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Said } from '../test/doomed-sink.ts'
import { eventReceiver, type Event } from '../test/event-receiver.ts'
import { startLife } from '../test/lives.ts'
import { until } from '../test/write-receiver.ts'

const PODS = ['web-1', 'web-2', 'web-3']

/** Lives of one sink in one folder, whose counters grow by 1 from moment to moment, from 0 on in each life. */
async function livesOf(receiver: Awaited<ReturnType<typeof eventReceiver>>) {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-events-'))
  const startMs = Date.now() - 60_000
  return {
    startMs,
    /** Offers the moments from `first` to `last`, until `isOver`, and is killed. */
    live: async (first: number, last: number, isOver: (said: readonly Said[]) => boolean) => {
      const said: Said[] = []
      const { kill } = startLife(
        {
          options: receiver.options,
          spoolDirectory: folder.path,
          startMs,
          first,
          last,
          pods: PODS,
          everyMs: 5,
        },
        one => said.push(one),
      )
      await until(() => isOver(said))
      await kill()
      return said
    },
    [Symbol.dispose]: () => folder.remove(),
  }
}

const hasOffered = (value: number) => (said: readonly Said[]) =>
  said.some(one => one.kind === 'offered' && one.value === value)
const hasSettled = (said: readonly Said[]) => said.some(({ kind }) => kind === 'settled')

/** How often each event came, by its pod and its moment. */
function copies(events: readonly Event[], startMs: number): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const event of events) {
    const moment = (event.timestamp - startMs) / 1_000
    const name = `moment ${moment} of ${event['k8s.pod']}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function sumOf(events: readonly Event[], pod: string): number {
  return events
    .filter(event => event['k8s.pod'] === pod)
    .reduce((sum, event) => sum + Number(event['bytes.tx']), 0)
}

test('kill -9 in an outage: the next agent sends every event, once, and they add up to the counters of both', async () => {
  await using receiver = await eventReceiver()
  using lives = await livesOf(receiver)
  receiver.answerAll({ status: 503 })
  await lives.live(1, 20, hasOffered(20))
  expect(receiver.taken).toEqual([])
  receiver.answerAll({ status: 202 })
  await lives.live(21, 25, hasSettled)
  const { taken } = receiver
  expect(taken).toHaveLength(25 * PODS.length)
  expect(new Set(Object.values(copies(taken, lives.startMs)))).toEqual(new Set([1]))
  // The counter of a pod stood at 20 and more in one life, and at 25 and more in the other.
  expect(PODS.map(pod => sumOf(taken, pod))).toEqual([45, 47, 49])
  expect(receiver.faults).toEqual([])
})

test('kill -9 before an answer came: that moment comes twice, event for event the same, and no other one', async () => {
  await using receiver = await eventReceiver()
  using lives = await livesOf(receiver)
  receiver.answerNext({ status: 202 }, { status: 202 })
  const hasTaken = (moments: number) => () => receiver.taken.length >= moments * PODS.length
  await lives.live(1, 2, hasSettled)
  receiver.beSilent(true)
  await lives.live(3, 6, said => hasTaken(3)() && hasOffered(6)(said))
  receiver.beSilent(false)
  await lives.live(7, 8, hasSettled)
  const counts = copies(receiver.taken, lives.startMs)
  const twice = Object.keys(counts).filter(name => counts[name] !== 1)
  expect(twice.toSorted()).toEqual(PODS.map(pod => `moment 3 of ${pod}`))
  expect(Object.values(counts).every(count => count <= 2)).toBe(true)
  expect(Object.keys(counts)).toHaveLength(8 * PODS.length)
  const third = receiver.taken.filter(({ timestamp }) => timestamp === lives.startMs + 3_000)
  expect(third.slice(PODS.length)).toEqual(third.slice(0, PODS.length))
  expect(receiver.faults).toEqual([])
})

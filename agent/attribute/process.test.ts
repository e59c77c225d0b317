import { expect, test } from 'vitest'
import type { Process } from '../model.ts'
import { createTelemetry } from '../telemetry.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { withProcesses } from './process.ts'

const NGINX: Process = { pid: 4711, command: 'nginx' }

test('each flow has its process; what has none, or no name, goes on and is counted by reason', () => {
  const telemetry = createTelemetry('node-1', '0.0.0')
  const known: Record<number, Process> = { 1: NGINX, 2: { pid: 12 } }
  const flows = [
    exampleFlow({ processKey: 1, bytesSent: 100 }),
    exampleFlow({ processKey: 1, bytesReceived: 1 }),
    exampleFlow({ processKey: 2, bytesSent: 20, bytesReceived: 3 }),
    exampleFlow({ processKey: 0, bytesSent: 4 }),
  ]
  const asked: number[] = []
  const { attribute, flush } = withProcesses(
    { attribute: () => flows.slice(0, 3), flush: () => flows.slice(3) },
    {
      processOf: key => {
        asked.push(key)
        return known[key] ?? expect.fail(`${key}`)
      },
      telemetry,
    },
  )
  const attributed = attribute([], 0)
  expect(attributed).toEqual([
    { ...flows[0], process: NGINX },
    { ...flows[1], process: NGINX },
    { ...flows[2], process: { pid: 12 } },
  ])
  expect(flush(0)).toEqual([flows[3]])
  expect(asked).toEqual([1, 2])
  const bytes = Object.fromEntries(
    [...telemetry.unattributedBytes.readings.values()].map(({ labels, value }) => [
      labels['reason'],
      value,
    ]),
  )
  expect(bytes).toEqual({ process_unnamed: 23, process_unknown: 4 })
})

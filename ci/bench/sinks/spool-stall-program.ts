import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Samples } from '../../../agent/model.ts'
import { labelsOf } from '../../../agent/sinks/series-labels.ts'
import { openSpool } from '../../../agent/sinks/spool/spool.ts'
import { backlogOf } from './sink-throughput-backlog.ts'

/**
 * spool-stall-program.ts FOLDER SERIES MOMENTS NAIVE: writes as many moments to a spool and, of as many of them as
 * NAIVE says, every sample to a file as a line of JSON. Says as JSON how long each write held up the loop.
 */
const [folder = '', ...numbers] = process.argv.slice(2)
const [series = 0, moments = 0, naive = 0] = numbers.map(Number)
const spool = openSpool({
  directory: join(folder, 'spool'),
  maxBytes: 2 ** 30,
  maxAgeMs: Infinity,
  maxHeld: series,
  onDrop: (count, reason) => {
    throw new Error(`${count} samples dropped: ${reason}`)
  },
})

type Stall = { readonly cpuMs: number; readonly wallMs: number }

function stallOf(write: () => void): Stall {
  const startedMs = performance.now()
  const cpu = process.threadCpuUsage()
  write()
  const { user, system } = process.threadCpuUsage(cpu)
  return { cpuMs: (user + system) / 1e3, wallMs: performance.now() - startedMs }
}

const spooled: Stall[] = []
const lines: Stall[] = []
let offered = 0
for (const moment of backlogOf(series, moments, Date.now())) {
  spooled.push(stallOf(() => spool.append(moment)))
  if (lines.length < naive)
    lines.push(stallOf(() => appendFileSync(join(folder, 'lines'), linesOf(moment))))
  offered += sumOf(moment)
}

let found = 0
for (let taken = await spool.take(Date.now()); taken; taken = await spool.take(Date.now())) {
  found += sumOf(taken)
  spool.settle()
}
process.stdout.write(JSON.stringify({ offered, found, spooled, lines }))

function linesOf({ timestampMs, series: all, values }: Samples): string {
  return all
    .map((one, index) => `${JSON.stringify([labelsOf(one), values?.[index], timestampMs])}\n`)
    .join('')
}

function sumOf({ values = new Float64Array() }: Samples): number {
  return values.reduce((sum, value) => sum + value, 0)
}

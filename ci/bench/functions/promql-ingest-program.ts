import { readFileSync, writeFileSync } from 'node:fs'
import { prometheusClient } from '../../../functions/prometheus/query.ts'
import { openUpstream } from '../../../functions/prometheus/upstream.ts'
import { vectorReader } from '../../../functions/prometheus/answer.ts'
import { entryCollector } from '../../../functions/geoip/entries.ts'
import { passedOver } from '../../../functions/geoip/locate.ts'
import { answerPieces } from './promql-answer.ts'

// promql-ingest-program.ts speed SERIES ROUNDS: milliseconds of reading an answer, round by round.
// promql-ingest-program.ts memory URL SERIES …: the most memory, in kB beyond what the process has,
// while answers of so many series are read as geoip reads them.
const [way = '', ...words] = process.argv.slice(2)
const labels = ['destination_ip', 'k8s_namespace', 'k8s_pod']
const collector = collectorOf()
const asked = { baseUrl: 'http://prometheus:9090', query: 'up' }
console.log(JSON.stringify(way === 'speed' ? speed() : await memory()))

type Rows = { rows: number; sum: number; letters: number }

function speed() {
  const [series = 0, rounds = 0] = words.map(Number)
  const pieces = [...answerPieces(series)]
  const ways = {
    parsed: () => parsed(pieces),
    read: () => read(pieces),
    collected: () => collected(pieces),
  }
  if (JSON.stringify(ways.parsed()) !== JSON.stringify(ways.read())) throw new Error('other rows')
  const cpuMs: Record<string, number[]> = {}
  for (let round = -3; round < rounds; round++) {
    for (const [name, run] of Object.entries(ways)) {
      // Not by the clock: what others do on the machine would be the larger part.
      const before = process.cpuUsage()
      run()
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) (cpuMs[name] ??= []).push((user + system) / 1e3)
    }
  }
  return { bytes: pieces.reduce((bytes, piece) => bytes + piece.length, 0), cpuMs }
}

/** JSON.parse of the whole, and the labels and the value of each row taken out. */
function parsed(pieces: readonly Buffer[]): Rows {
  const answer = JSON.parse(Buffer.concat(pieces).toString('utf8'))
  const all: Rows = { rows: 0, sum: 0, letters: 0 }
  for (const { metric, value } of answer.data.result) {
    take(
      all,
      metric[labels[0] ?? ''],
      metric[labels[1] ?? ''],
      metric[labels[2] ?? ''],
      Number(value[1]),
    )
  }
  return all
}

function read(pieces: readonly Buffer[]): Rows {
  const all: Rows = { rows: 0, sum: 0, letters: 0 }
  const onSample = (values: readonly (string | undefined)[], value: number) =>
    take(all, values[0], values[1], values[2], value)
  const reader = vectorReader({ labels, onSample }, asked)
  for (const piece of pieces) reader.push(piece)
  reader.end(200, null)
  return all
}

function take(
  all: Rows,
  a: string | undefined,
  b: string | undefined,
  c: string | undefined,
  value: number,
): void {
  all.rows++
  all.sum += value
  all.letters += (a?.length ?? 0) + (b?.length ?? 0) + (c?.length ?? 0) + (a?.charCodeAt(0) ?? 0)
}

/** All that geoip does with an answer, but for its lookups. */
function collected(pieces: readonly Buffer[]): number {
  collector.begin()
  const reader = vectorReader({ labels, onSample: collector.add }, asked)
  for (const piece of pieces) reader.push(piece)
  reader.end(200, null)
  return collector.finish().dropped
}

function collectorOf() {
  return entryCollector({
    maxEntries: 20_000,
    passedOver,
    locate: () => ({ result: 'unknown' }),
    count: () => {},
  })
}

async function memory() {
  const [url = '', ...sizes] = words
  const stop = new AbortController().signal
  const { read: readAnswer } = prometheusClient({
    upstream: openUpstream(url),
    timeoutMs: 300_000,
    stop,
  })
  const readOf = async (series: number) => {
    collector.begin()
    const { samples } = await readAnswer(String(series), { labels, onSample: collector.add })
    const { kept, dropped } = collector.finish()
    if (samples !== series || kept.length + dropped !== series)
      throw new Error('series are missing')
  }
  // The first answers compile, and grow the young generation to its size.
  for (let round = 0; round < 5; round++) await readOf(100_000)
  const peaksKb: number[] = []
  for (const size of sizes.map(Number)) {
    const before = kilobytes('VmRSS')
    writeFileSync('/proc/self/clear_refs', '5') // from here on counts the peak anew
    await readOf(size)
    peaksKb.push(kilobytes('VmHWM') - before)
  }
  return { peaksKb, rssKb: kilobytes('VmRSS') }
}

function kilobytes(name: string): number {
  const [, value] =
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(value)
}

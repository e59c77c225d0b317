import { isRecord, parseRecord } from './json.ts'
import { NoSample, sampleOf, sampleReader } from './samples.ts'
import type { SampleSink, VectorSample } from './samples.ts'

export type QueryFailure =
  | 'unreachable'
  | 'timeout'
  | 'refused'
  | 'unauthorized'
  | 'credentials'
  | 'http'
  | 'not_prometheus'
  | 'cut'
  | 'no_vector'
  | 'too_large'

export class QueryError extends Error {
  override name = 'QueryError'
  readonly reason: QueryFailure
  constructor(reason: QueryFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

export type Asked = { readonly baseUrl: string; readonly query: string }

/** What an answer says beside its result. */
export type Remarks = {
  readonly warnings: readonly string[]
  /** Weaker than warnings: the query may not mean what it seems to. */
  readonly infos: readonly string[]
}

export type VectorEnd = Remarks & {
  readonly samples: number
  /** The names of the first sample's labels. */
  readonly firstNames: readonly string[]
}

// What stands around the samples: some hundred bytes, and warnings.
const MOST_AROUND_BYTES = 1024 * 1024

/** Reads an instant vector as it arrives, however long it is. `end` and `push` throw QueryError. */
export function vectorReader(sink: SampleSink, asked: Asked) {
  const samples = sampleReader(sink)
  /** The answer without its samples, which is JSON too. */
  let around: Buffer[] = []
  let aroundBytes = 0
  let state: 'before' | 'samples' | 'after' = 'before'

  return {
    push: (part: Buffer): void => {
      if (state === 'before') readBefore(part)
      else if (state === 'samples') readSamples(part)
      else keep(part)
    },
    end: (status: number, location: string | null): VectorEnd => {
      const body = Buffer.concat(around).toString('utf8')
      if (state === 'samples' && status === 200) {
        const text = `the answer of Prometheus at ${asked.baseUrl} is cut off after ${samples.count()} series`
        throw new QueryError('cut', text)
      }
      const { data, ...remarks } = readContent({ status, location, body }, asked)
      requireVector(data['resultType'], asked)
      if (state === 'before') throw noSample('it has no result', asked)
      return { ...remarks, samples: samples.count(), firstNames: samples.firstNames() }
    },
  }

  function readBefore(part: Buffer): void {
    keep(part)
    const all = Buffer.concat(around)
    const start = resultStart(all.toString('latin1'))
    if (start === undefined) return
    around = [all.subarray(0, start)]
    aroundBytes = start
    state = 'samples'
    // Told at once where it is known: a range is as long as it is useless.
    const type = /"resultType"\s*:\s*"(\w+)"/.exec(all.toString('latin1', 0, start))?.[1]
    if (type) requireVector(type, asked)
    readSamples(all.subarray(start))
  }

  function readSamples(part: Buffer): void {
    try {
      const read = samples.push(part)
      if (read === undefined) return
      state = 'after'
      keep(part.subarray(read - 1))
    } catch (error) {
      if (!(error instanceof NoSample)) throw error
      throw noSample(error.message, asked)
    }
  }

  function keep(part: Buffer): void {
    aroundBytes += part.length
    if (aroundBytes > MOST_AROUND_BYTES) throw tooLarge(MOST_AROUND_BYTES)
    // A copy: a view would keep a larger part of the answer.
    around.push(Buffer.from(part))
  }
}

/** Pure: what came back for a query, but for its result. Throws QueryError. */
export function readContent(
  answer: { status: number; location: string | null; body: string },
  { baseUrl, query }: Asked,
): Remarks & { readonly data: Readonly<Record<string, unknown>> } {
  const { status, location, body } = answer
  if (location) {
    const text = `Prometheus at ${baseUrl} redirects to ${location}; use that with -p`
    throw new QueryError('http', text)
  }
  const content = parseRecord(body)
  if (content?.['status'] === 'error') {
    const own = typeof content['error'] === 'string' ? content['error'] : 'no reason given'
    if (status === 503) throw new QueryError('http', `Prometheus at ${baseUrl} is busy: ${own}`)
    throw new QueryError('refused', `Prometheus refuses the query "${query}": ${own}`)
  }
  if (status === 401 || status === 403) {
    const text = `Prometheus at ${baseUrl} answers with HTTP status ${status}; give the right credentials (--username, --bearer-token-file)`
    throw new QueryError('unauthorized', text)
  }
  if (status !== 200) {
    throw new QueryError('http', `Prometheus at ${baseUrl} answers with HTTP status ${status}`)
  }
  if (content?.['status'] !== 'success' || !isRecord(content['data'])) {
    const text = `what answers at ${baseUrl} is not Prometheus; is the URL right (-p)?`
    throw new QueryError('not_prometheus', text)
  }
  return {
    data: content['data'],
    warnings: textsIn(content['warnings']),
    infos: textsIn(content['infos']),
  }
}

/** The samples of an instant vector that was read as a whole. Throws QueryError. */
export function readVector(
  { resultType, result }: Readonly<Record<string, unknown>>,
  asked: Asked,
): VectorSample[] {
  requireVector(resultType, asked)
  if (!Array.isArray(result)) throw noSample('it has no result', asked)
  try {
    return result.map(sampleOf)
  } catch (error) {
    if (!(error instanceof NoSample)) throw error
    throw noSample(error.message, asked)
  }
}

export function tooLarge(bytes: number): QueryError {
  return new QueryError(
    'too_large',
    `the answer of Prometheus exceeds ${bytes / 1024 / 1024} MiB; aggregate the query or bound it with topk`,
  )
}

function requireVector(type: unknown, { query }: Asked): void {
  if (type === 'vector') return
  const text = `the query "${query}" yields a ${String(type)}; use one that yields an instant vector`
  throw new QueryError('no_vector', text)
}

function noSample(what: string, { baseUrl }: Asked): QueryError {
  const text = `the answer at ${baseUrl} is not Prometheus': ${what}; is the URL right (-p)?`
  return new QueryError('not_prometheus', text)
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(entry => typeof entry === 'string') : []
}

/** Where the elements of `data.result` begin; undefined as long as they are not there. */
function resultStart(text: string): number | undefined {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs
  let depth = 0
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [found] = match
    if (found === '{' || found === '[') depth++
    else if (found === '}' || found === ']') depth--
    else if (depth === 2 && found === '"result"') {
      const opening = /\s*:\s*\[/y
      opening.lastIndex = token.lastIndex
      if (opening.test(text)) return opening.lastIndex
    }
  }
  return undefined
}

import { z } from 'zod'

const Series = z.object({
  metric: z.record(z.string(), z.string()),
  value: z.tuple([z.number(), z.string()]).optional(),
  values: z.array(z.tuple([z.number(), z.string()])).optional(),
})
const Answer = z.object({
  data: z.object({ result: z.array(Series) }),
  warnings: z.array(z.string()).default([]),
  infos: z.array(z.string()).default([]),
})
const Values = z.object({ data: z.array(z.string()) })

export type Row = {
  readonly labels: Readonly<Record<string, string>>
  readonly values: readonly number[]
}
export type Answered = { readonly rows: readonly Row[]; readonly remarks: readonly string[] }

/** The HTTP API of a Prometheus. Every call throws its words where it refuses the query. */
export type Api = {
  readonly instant: (query: string, timeS: number) => Promise<Answered>
  /** The hour up to `endS`, in steps of 30 s. */
  readonly range: (query: string, endS: number) => Promise<Answered>
  /** Values of a label; `selector` limits the series. */
  readonly labelValues: (label: string, selector?: string) => Promise<string[]>
  /** Throws where it does not parse. */
  readonly parse: (query: string) => Promise<void>
}

export function apiOf(url: string): Api {
  async function ask(path: string, parameters: Record<string, string>): Promise<unknown> {
    const address = new URL(`/api/v1/${path}?${new URLSearchParams(parameters)}`, url)
    const response = await fetch(address, { signal: AbortSignal.timeout(30_000) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  async function rows(path: string, parameters: Record<string, string>): Promise<Answered> {
    const { data, warnings, infos } = Answer.parse(await ask(path, parameters))
    return {
      rows: data.result.map(({ metric, value, values = value ? [value] : [] }) => ({
        labels: metric,
        values: values.map(([, text]) => Number(text)),
      })),
      remarks: [...warnings, ...infos],
    }
  }
  return {
    instant: (query, timeS) => rows('query', { query, time: String(timeS) }),
    range: (query, endS) =>
      rows('query_range', { query, start: String(endS - 3_600), end: String(endS), step: '30' }),
    labelValues: async (label, selector) =>
      Values.parse(
        await ask(`label/${label}/values`, selector === undefined ? {} : { 'match[]': selector }),
      ).data,
    parse: async query => {
      await ask('parse_query', { query })
    },
  }
}

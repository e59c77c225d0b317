import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json, text } from 'node:stream/consumers'
import { z } from 'zod'
import { freePorts } from '../../../ci/ports.ts'
import { toolPath } from '../../../ci/tools/tool.ts'
import { until } from './write-receiver.ts'

const Result = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string()]),
      }),
    ),
  }),
})

const Samples = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
})

const LabelValues = z.object({ data: z.array(z.string()) })

/** The Prometheus of the chart as a receiver on loopback, with its data in a temporary folder; `rules` are evaluated every second; `program` may be that of another version; `more` is added to its configuration and arguments. */
export async function realPrometheus(
  rules: readonly string[] = [],
  program = toolPath('prometheus', 'prometheus'),
  more: { readonly config?: object; readonly args?: readonly string[] } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'podatlas-prometheus-'))
  const [port = 0] = await freePorts('any')
  const url = `http://127.0.0.1:${port}`
  const config = { global: { evaluation_interval: '1s' }, rule_files: rules, ...more.config }
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const start = () =>
    startPrometheus(url, program, [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--log.level=error',
      ...(more.args ?? []),
    ])
  let running = await start()

  return {
    endpoint: `${url}/api/v1/write`,
    /** Ends it as Kubernetes does; what it has stays. */
    stop: () => running.end('SIGTERM'),
    /** Starts it anew at the same place, with what it had. */
    restart: async () => {
      running = await start()
    },
    /** Its own metrics. */
    metrics: async () => {
      const answer = await ask(`${url}/metrics`)
      if (!answer) throw new Error('prometheus does not answer')
      return text(answer)
    },
    /** An instant query at `atMs`: the series that answer, and their values. */
    query: async (promql: string, atMs: number) => {
      const parameters = new URLSearchParams({ query: promql, time: String(atMs / 1_000) })
      const answer = await ask(`${url}/api/v1/query?${parameters}`)
      if (!answer) throw new Error('prometheus does not answer')
      const { data } = Result.parse(await json(answer))
      return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
    },
    /** Every sample of the hour before `atMs`, as it is stored. */
    samples: async (selector: string, atMs: number) => {
      const parameters = new URLSearchParams({ query: `${selector}[1h]`, time: `${atMs / 1_000}` })
      const answer = await ask(`${url}/api/v1/query?${parameters}`)
      if (!answer) throw new Error('prometheus does not answer')
      const { data } = Samples.parse(await json(answer))
      return data.result.flatMap(({ metric, values }) =>
        values.map(([seconds, value]) => ({
          labels: Object.entries(metric),
          timestampMs: Math.round(seconds * 1_000),
          value: Number(value),
          isStale: false,
        })),
      )
    },
    /** Values of a label over the series that match, as Grafana's `label_values(selector, label)` asks for them. */
    labelValues: async (selector: string, label: string) => {
      const parameters = new URLSearchParams({ 'match[]': selector })
      const answer = await ask(`${url}/api/v1/label/${label}/values?${parameters}`)
      if (!answer) throw new Error('prometheus does not answer')
      return LabelValues.parse(await json(answer)).data
    },
    [Symbol.asyncDispose]: async () => {
      await running.end('SIGKILL')
      await rm(folder, { recursive: true })
    },
  }
}

async function startPrometheus(url: string, program: string, args: readonly string[]) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let hasEnded = false
  const ended = once(child, 'exit')
    .catch(() => undefined)
    .finally(() => (hasEnded = true))
  const said = text(child.stderr)
  await until(async () => {
    if (hasEnded) throw new Error(`prometheus did not start: ${await said}`)
    return (await ask(`${url}/-/ready`))?.statusCode === 200
  })
  return {
    end: async (signal: NodeJS.Signals) => {
      child.kill(signal)
      await ended
    },
  }
}

async function ask(url: string) {
  const request = get(url, { agent: false })
  try {
    const [answer] = await once(request, 'response')
    return answer
  } catch {
    return undefined
  }
}

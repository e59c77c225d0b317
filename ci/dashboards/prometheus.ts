import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../ports.ts'
import { toolPath } from '../tools/tool.ts'
import { apiOf, type Api } from './api.ts'
import { fill, type RecordedSeries } from './fill.ts'

export type Filled = AsyncDisposable & {
  readonly api: Api
  /** The moment to ask for, seconds since the epoch: everything was recorded, and every rule evaluated. */
  readonly momentS: number
}

/**
 * A real Prometheus with recorded series around this moment, and the chart's rules. The rules run in it, a round each
 * second, so that alerts fire too: promtool writes none. `awaited` are queries that rules must have made answer.
 */
export async function filledPrometheus(
  recorded: readonly RecordedSeries[],
  rules: string,
  awaited: readonly string[],
): Promise<Filled> {
  const folder = await mkdtemp(join(tmpdir(), 'podatlas-dashboards-'))
  const endS = await fillUpToNow(folder, recorded)
  await writeFile(join(folder, 'rules.yml'), rules)
  const config = {
    global: { evaluation_interval: '1s' },
    rule_files: [join(folder, 'rules.yml')],
  }
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const [port = 0] = await freePorts('any')
  const child = spawn(
    toolPath('prometheus', 'prometheus'),
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = once(child, 'exit')
  const said = text(child.stderr)
  const api = apiOf(`http://127.0.0.1:${port}`)
  async function end(): Promise<void> {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true })
  }

  for (let missing = [...awaited]; missing.length > 0;) {
    if (child.exitCode !== null) throw new Error(`prometheus ended: ${await said}`)
    if (Date.now() / 1_000 > endS + 60) {
      await end()
      throw new Error(`no answer within a minute: ${missing.join(' ')}. ${await said}`)
    }
    await sleep(500)
    const areMissing = await Promise.all(missing.map(query => isUnanswered(api, query)))
    missing = missing.filter((_, at) => areMissing[at])
  }
  const momentS = Date.now() / 1_000
  return { api, momentS, [Symbol.asyncDispose]: end }
}

/**
 * Fills in what was recorded up to a moment that has not yet come, and returns that. Rules record only what is later, and
 * must find nothing old then: where the machine took too long, it is done again.
 */
async function fillUpToNow(folder: string, recorded: readonly RecordedSeries[]): Promise<number> {
  for (let aheadS = 10; ; aheadS *= 2) {
    const endS = Math.floor(Date.now() / 1_000) + aheadS
    await fill(folder, recorded, endS)
    if (Date.now() / 1_000 < endS) return endS
    await rm(join(folder, 'data'), { recursive: true })
  }
}

/** It does not answer as long as it starts, either. */
async function isUnanswered(api: Api, query: string): Promise<boolean> {
  const answer = await api.instant(query, Date.now() / 1_000).catch(() => undefined)
  return answer === undefined || answer.rows.length === 0
}

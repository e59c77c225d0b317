import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { freePorts } from '../ports.ts'
import { toolPath } from '../tools/tool.ts'

const Row = z.object({
  metric: z.record(z.string(), z.string()),
  values: z.array(z.tuple([z.number(), z.string()])),
})
const Answer = z.object({ data: z.object({ result: z.array(Row) }) })

export type Cortex = AsyncDisposable & {
  /** Where remote write goes. */
  readonly endpoint: string
  /** By SIGKILL. */
  readonly kill: () => Promise<void>
  /** Again, on the same ports and the same disk. */
  readonly start: () => Promise<void>
  /** Every sample of the half hour before `atMs` that a tenant has: moments in ms and values in turn. */
  readonly samples: (
    tenant: string,
    selector: string,
    atMs: number,
  ) => Promise<{ readonly metric: Readonly<Record<string, string>>; readonly samples: number[] }[]>
}

/**
 * Cortex in one process on loopback, with tenants and with its own limits. Out of the box it takes remote write 1.0
 * only, and answers 415 to 2.0; `words` are further flags.
 */
export async function startCortex(words: readonly string[] = []): Promise<Cortex> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), 'podatlas-cortex-')))
  const [http = 0, grpc = 0] = await freePorts('any', 'any')
  const file = join(folder.path, 'config.json')
  writeFileSync(file, JSON.stringify(configOf(folder.path, http, grpc)))
  const url = `http://127.0.0.1:${http}`
  let running: AsyncDisposable | undefined
  const start = async () => {
    running = await startProcess([`-config.file=${file}`, ...words], url)
  }
  const kill = async () => running?.[Symbol.asyncDispose]()
  stack.defer(kill)
  await start()
  const owned = stack.move()
  return {
    endpoint: `${url}/api/v1/push`,
    kill,
    start,
    samples: async (tenant, selector, atMs) => {
      const body = new URLSearchParams({ query: `${selector}[30m]`, time: String(atMs / 1_000) })
      const headers = { 'X-Scope-OrgID': tenant }
      const answer = await fetch(`${url}/prometheus/api/v1/query`, {
        method: 'POST',
        headers,
        body,
      })
      if (!answer.ok) throw new Error(`${selector}: ${await answer.text()}`)
      return Answer.parse(await answer.json()).data.result.map(({ metric, values }) => ({
        metric,
        samples: values.flatMap(([seconds, value]) => [Math.round(seconds * 1_000), Number(value)]),
      }))
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** YAML takes JSON for its own. */
function configOf(folder: string, http: number, grpc: number): object {
  const onLoopback = { instance_addr: '127.0.0.1', kvstore: { store: 'inmemory' } }
  return {
    target: 'distributor,ingester,querier,store-gateway',
    auth_enabled: true,
    server: {
      http_listen_address: '127.0.0.1',
      http_listen_port: http,
      grpc_listen_address: '127.0.0.1',
      grpc_listen_port: grpc,
      log_level: 'error',
    },
    distributor: { ring: onLoopback },
    ingester: {
      lifecycler: {
        address: '127.0.0.1',
        min_ready_duration: '0s',
        ring: { kvstore: { store: 'inmemory' }, replication_factor: 1 },
      },
    },
    querier: {
      store_gateway_addresses: `127.0.0.1:${grpc}`,
      active_query_tracker_dir: join(folder, 'queries'),
    },
    blocks_storage: {
      backend: 'filesystem',
      filesystem: { dir: join(folder, 'blocks') },
      tsdb: { dir: join(folder, 'tsdb') },
      bucket_store: { sync_dir: join(folder, 'sync') },
    },
  }
}

/** Up to where it takes samples; disposing kills it. Throws what it said if it ends before. */
async function startProcess(words: readonly string[], url: string): Promise<AsyncDisposable> {
  const child = spawn(toolPath('cortex'), words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const said = text(child.stderr)
  const exited = once(child, 'exit')
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`cortex: ${await said}`)
    await sleep(50)
  }
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/ready`)).ok
  } catch {
    return false
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { untilText } from './process.ts'

/**
 * A real Prometheus that keeps its data below `folder/data` and scrapes each second; it ends with
 * its block. `targets` are addresses such as `127.0.0.1:8080` by job.
 */
export async function startPrometheus(
  folder: string,
  targets: Readonly<Record<string, readonly string[]>>,
  port: number,
): Promise<AsyncDisposable & { readonly url: string }> {
  const scrapeConfigs = Object.entries(targets).map(([job, addresses]) => ({
    job_name: job,
    honor_labels: true,
    static_configs: [{ targets: addresses }],
  }))
  const config = { global: { scrape_interval: '1s' }, scrape_configs: scrapeConfigs }
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  )
  const exited = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  await untilText(`${url}/-/ready`, (_, status) => status === 200)
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

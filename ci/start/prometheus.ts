import { accessSync, constants, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { startChild, type Child } from './child.ts'
import { StartFault } from './fault.ts'

export type PrometheusOptions = {
  readonly folder: string
  readonly port: number
  /** `host:port` of what is scraped, by job. */
  readonly targets: Readonly<Record<string, string>>
}

/** Starts a Prometheus ≥ 2.33 that takes remote write, keeps its data in `folder` and scrapes `targets`. */
export async function startPrometheus(options: PrometheusOptions): Promise<Child> {
  const { folder, port, targets } = options
  const configFile = join(folder, 'prometheus.yml')
  // JSON is YAML, and needs no quoting of ours.
  await writeFile(configFile, JSON.stringify(scrapeConfig(targets)))
  return startChild({
    name: 'prometheus',
    folder,
    words: [
      findPrometheus([...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin']),
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--log.level=warn',
    ],
  })
}

/** The first in these folders. Throws a StartFault if there is none. */
export function findPrometheus(folders: readonly string[]): string {
  for (const folder of folders.filter(isAbsolute)) {
    const program = join(folder, 'prometheus')
    if (isExecutable(program)) return program
  }
  throw new StartFault('prometheus: not in PATH. Install it (apt-get install prometheus)')
}

function isExecutable(program: string): boolean {
  try {
    accessSync(program, constants.X_OK)
    return statSync(program).isFile()
  } catch {
    return false
  }
}

function scrapeConfig(targets: Readonly<Record<string, string>>) {
  return {
    global: { scrape_interval: '5s', scrape_timeout: '5s' },
    scrape_configs: Object.entries(targets).map(([job, target]) => ({
      job_name: job,
      static_configs: [{ targets: [target] }],
    })),
  }
}

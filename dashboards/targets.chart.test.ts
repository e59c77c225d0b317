import { execFile } from 'node:child_process'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { toolPath } from '../ci/tools/tool.ts'
import traffic from './podatlas-traffic.json' with { type: 'json' }

const run = promisify(execFile)

function queryOf(title: string): string {
  const expr = traffic.panels.find(panel => panel.title === title)?.targets?.[0]?.expr ?? ''
  // promtool has no end(): its tests ask for one moment.
  return expr
    .replaceAll('$__rate_interval', '5m')
    .replaceAll('$__range', '1h')
    .replaceAll('@ end()', '')
    .replaceAll(/\$\w+/g, '.*')
}

function growing(name: string, ip: string, more = '') {
  return { series: `${name}{destination_ip="${ip}"${more}}`, values: '0+60x60' }
}

test('Targets shows addresses that only connected, that only failed, and that did both', async () => {
  const opened = 'podatlas_connections_opened_total'
  const failed = 'podatlas_connections_failed_total'
  const states = { '192.0.2.1': 1, '192.0.2.2': 2, '192.0.2.3': 3 }
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-targets-'))
  const file = join(folder.path, 'targets.json')
  const content = {
    tests: [
      {
        interval: '1m',
        input_series: [
          growing(opened, '192.0.2.1'),
          growing(failed, '192.0.2.2', ',reason="refused"'),
          growing(opened, '192.0.2.3'),
          growing(failed, '192.0.2.3', ',reason="refused"'),
          growing(failed, '192.0.2.3', ',reason="timed_out"'),
        ],
        promql_expr_test: [
          {
            expr: queryOf('Targets'),
            eval_time: '30m',
            exp_samples: Object.entries(states).map(([ip, value]) => ({
              labels: `{destination_ip="${ip}"}`,
              value,
            })),
          },
        ],
      },
    ],
  }
  writeFileSync(file, JSON.stringify(content))
  const { stdout } = await run(toolPath('prometheus', 'promtool'), ['test', 'rules', file])
  expect(stdout).toContain('SUCCESS')
})

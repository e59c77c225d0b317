import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sinkSchemas } from '../../agent/sinks/options.ts'
import { helms, template } from './helm.ts'

const types = Object.keys(sinkSchemas).toSorted()

/** What Helm itself tells a user; chart/tests has each message word for word. */
async function refusal(...args: readonly string[]): Promise<string> {
  try {
    await template(args)
  } catch (error) {
    if (error instanceof Error && 'stderr' in error) return String(error.stderr)
    throw error
  }
  throw new Error(`Helm took ${args.join(' ')}`)
}

test('all faults come at once, each with the YAML to paste', async () => {
  const words = await refusal('--set=sinks.default.enabled=false', '--set=prometheus.enabled=false')
  expect(words).toContain(`podatlas: 2 values need a change.

1. sinks: every sink is disabled, so nothing would leave the agent. Enable one, or to look at the data only:
     sinks: {debug: {type: stdout}}

2. geoip.enabled, peers.enabled, grafana.enabled and rules.enabled need a Prometheus, but prometheus.enabled is false and prometheus.url is empty. Set it:
     prometheus: {url: http://prometheus.monitoring.svc:9090}
`)
})

test('a misspelt option of a sink is the only thing complained of', async () => {
  const words = await refusal('--set=sinks.main.type=prometheus', '--set=sinks.main.endpoitn=x')
  expect(words).toContain("at '/sinks/main': additional properties 'endpoitn' not allowed")
  expect(words.match(/- at '/g)).toHaveLength(1)
})

test('an unknown type of sink is answered with the types there are', async () => {
  const words = await refusal('--set=sinks.main.type=kafka')
  expect(words).toContain(
    `at '/sinks/main/type': value must be one of ${types.map(type => `'${type}'`).join(', ')}`,
  )
})

test('a template that the schema did not guard still refuses an unknown type of sink', async () => {
  const words = await refusal('--skip-schema-validation', '--set=sinks.main.type=kafka')
  expect(words).toContain(
    `sinks.main.type: there is no sink of type kafka. Types: ${types.join(', ')}`,
  )
})

test.each(helms)(
  '%s: null removes a sink of the chart, and two files that each add one give both',
  async helm => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-values-'))
    const files = [
      'sinks: {default: null, first: {type: stdout}}',
      'sinks: {second: {type: stdout, format: json}}',
    ].map((text, index) => {
      const file = join(folder.path, `${index}.yaml`)
      writeFileSync(file, text)
      return `--values=${file}`
    })
    expect(await template(files, { helm })).toContain(`    sinks:
      first:
        type: stdout
      second:
        format: json
        type: stdout
`)
  },
)

import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { fileOf, render, valuesFiles } from '../render/helm.ts'
import { exportedLabels, type LabelsOf } from './exported-labels.ts'
import { readLabels } from './labels.ts'

const Rule = z.looseObject({
  record: z.string().optional(),
  alert: z.string().optional(),
  expr: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
})
const File = z.object({ groups: z.array(z.object({ rules: z.array(Rule) })) })

const exported = exportedLabels()

/** All rules that the chart makes of values, in the order in which they run. */
async function rulesOf(path: string): Promise<readonly z.output<typeof Rule>[]> {
  const args = ['--values', path, '--set=rules.configMap.enabled=true']
  const file = fileOf(await render(args), 'podatlas-rules', 'rules.yml')
  return File.parse(parse(file)).groups.flatMap(({ rules }) => rules)
}

/** What there is once all of these rules have run; later rules read what earlier ones record. */
function withRecords(rules: readonly z.output<typeof Rule>[]): LabelsOf {
  const known = new Map(exported)
  for (const { record, expr, labels } of rules) {
    if (record === undefined) continue
    const result = readLabels(expr, known).labels ?? new Set()
    known.set(record, new Set([...(known.get(record) ?? []), ...result, ...Object.keys(labels)]))
  }
  return known
}

describe.each(valuesFiles.map(path => [basename(path), path] as const))('%s', (_, path) => {
  test('what rules read is exported or recorded, with the labels that they ask for', async () => {
    const rules = await rulesOf(path)
    const known = withRecords(rules)
    const faults = rules.flatMap(({ record, alert, expr }) =>
      readLabels(expr, known).faults.map(fault => `${record ?? alert}: ${fault}`),
    )
    expect(faults).toEqual([])
    expect(rules.length).toBeGreaterThan(5)
  })

  test('alerts depend on a condition, and tell labels only that their result has', async () => {
    const rules = await rulesOf(path)
    const known = withRecords(rules)
    const alerts = rules.filter(({ alert }) => alert !== undefined)
    for (const { alert, expr, labels, annotations } of alerts) {
      const reading = readLabels(expr, known)
      expect(reading.isConditional, alert).toBe(true)
      const texts = [...Object.values(annotations), ...Object.values(labels)].join('\n')
      const told = [...texts.matchAll(/\$labels\.(\w+)/g)].map(([, name]) => name)
      expect([...(reading.labels ?? [])], alert).toEqual(expect.arrayContaining(told))
    }
  })
})

import { globSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { dropReasons } from '../../agent/kernel/wire.gen.ts'

const root = join(import.meta.dirname, '../..')

const RuleFile = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      query_offset: z.string().optional(),
      interval: z.string().optional(),
      rules: z.array(
        z.looseObject({
          alert: z.string().optional(),
          expr: z.string(),
          annotations: z.record(z.string(), z.string()).default({}),
          labels: z.record(z.string(), z.string()).default({}),
        }),
      ),
    }),
  ),
})

const alerts = globSync(join(root, 'chart/files/rules/*.yaml'))
  .flatMap(path => RuleFile.parse(parse(readFileSync(path, 'utf8'))).groups)
  .flatMap(({ rules }) => rules.filter(({ alert }) => alert !== undefined))

test('each alert has its runbook, and each runbook its alert', () => {
  const runbooks = readdirSync(join(root, 'docs/runbooks')).map(name => basename(name, '.md'))
  expect(runbooks.toSorted()).toEqual(alerts.map(({ alert }) => String(alert)).toSorted())
})

test.each(alerts)('$alert says what is wrong, how bad it is and where to read on', rule => {
  expect(rule.annotations).toMatchObject({
    summary: expect.stringMatching(/\w/),
    description: expect.stringMatching(/\.$/),
    runbook_url: `docs/runbooks/${rule.alert}.md`,
  })
  // A policy brings its own severity.
  const severities = ['info', 'warning', 'critical', ...(isOfPolicy(rule) ? [undefined] : [])]
  expect(severities).toContain(rule.labels['severity'])
})

test.each(alerts)(
  'the runbook of $alert names it, what it means and how to mend it',
  ({ alert }) => {
    const text = readFileSync(join(root, `docs/runbooks/${alert}.md`), 'utf8')
    expect(text).toMatch(new RegExp(`^# ${alert}\n`))
    for (const part of ['**Means:**', '**Look**', '**Mend']) expect(text).toContain(part)
  },
)

test.each(alerts)('a rule test sees $alert fire, and not fire before its time', ({ alert }) => {
  const tests = globSync(join(root, 'chart/tests/rules/*.yaml')).map(path =>
    readFileSync(path, 'utf8'),
  )
  const cases = [...tests.join('\n').matchAll(new RegExp(`alertname: ${alert}(.*\n.*)`, 'g'))]
  expect(cases.some(([, rest]) => rest?.includes('exp_alerts: []'))).toBe(true)
  expect(cases.some(([, rest]) => /\n\s+exp_alerts:$/.test(rest ?? ''))).toBe(true)
})

test('each reason for which the kernel programs drop something is explained', () => {
  const runbook = readFileSync(join(root, 'docs/runbooks/PodatlasBytesLost.md'), 'utf8')
  const explained = new Set([...runbook.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason))
  expect(explained).toEqual(new Set(['reason', ...dropReasons]))
})

function isOfPolicy({ expr }: { readonly expr: string }): boolean {
  return /by \([^)]*\bseverity\b/.test(expr)
}

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { chartFolder, template, valuesFiles } from './helm.ts'
import { leavesOf, otherValue } from './other-value.ts'

const values: unknown = parseYaml(readFileSync(join(chartFolder, 'values.yaml'), 'utf8'))

/** What a change can show in: some values work only together with others. The first shows most of them. */
const uses = [
  [`--values=${join(chartFolder, 'tests/everything-values.yaml')}`],
  // A cluster that knows no objects of the Prometheus Operator.
  [
    `--values=${join(chartFolder, 'ci/pod-monitor-values.yaml')}`,
    '--api-versions=apiregistration.k8s.io/v1',
  ],
  // Refused, unless what comes with it is changed, too.
  ['--set=prometheus.url=http://prometheus.example.com:9090'],
  ['--set=dashboards.operator.instanceSelector.matchLabels.dashboards=mine'],
  ['geoip', 'grafana', 'prometheus'].flatMap(component => [
    `--set=${component}.ingress.hosts[0]=${component}.example.com`,
    `--set=${component}.httpRoute.parentRefs[0].name=public`,
  ]),
  ...valuesFiles.map(path => [`--values=${path}`]),
]

/** What a use renders to, or undefined where it is refused. */
const unchanged = uses.map(use => template(use).catch(() => undefined))

describe('every value of the chart', () => {
  const leaves = leavesOf(values).map(leaf => [leaf.path.join('.'), leaf] as const)
  test.concurrent.for(leaves)(
    '%s changes what is rendered, for another value that is valid',
    async ([, leaf], { task }) => {
      Object.assign(task.meta, { seen: { 'values covered': 1 } })
      const path = leaf.path.map(key => key.replaceAll('.', '\\.')).join('.')
      const change = `--set-json=${path}=${JSON.stringify(otherValue(leaf))}`
      let words = ''
      for (const [index, use] of uses.entries()) {
        try {
          if ((await template([...use, change])) !== (await unchanged[index])) return
        } catch (error) {
          words = String(error)
        }
      }
      expect.fail(`no use shows ${change}. ${words}`)
    },
  )
})

describe('a key with nothing behind it', () => {
  const paths = keysOf(values).map(path => path.map(key => key.replaceAll('.', '\\.')).join('.'))
  // Every component has the same keys of a pod, and one template for them.
  const others = ['peers.', 'prometheus.', 'grafana.', 'helmTest.']
  const isRepeated = (path: string) =>
    others.some(other => path.startsWith(other) && paths.includes(path.replace(other, 'geoip.')))
  test.concurrent.each(paths.filter(path => !isRepeated(path)))(
    '%s is as good as an empty one, or refused in plain words',
    async path => {
      const words = await template([...(uses[0] ?? []), `--set=${path}=null`]).then(
        () => '',
        (error: unknown) => String(error),
      )
      if (words !== '') expect(words).toMatch(/missing property '|podatlas: \d+ values? need/)
    },
  )
})

test('every value that the templates read is in values.yaml', () => {
  const texts = globSync(join(chartFolder, 'templates/**/*.{yaml,tpl,txt}')).map(path =>
    readFileSync(path, 'utf8'),
  )
  const read = texts
    .flatMap(text => [...text.matchAll(/\.Values((?:\.\w+)+)/g)])
    .map(([, path = '']) => path.slice(1).split('.'))
  expect(read.length).toBeGreaterThan(100)
  expect(read.filter(path => !isThere(values, path)).map(path => path.join('.'))).toEqual([])
})

/** Whether a path leads to a value; below an empty map, users decide what there is. */
function isThere(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true
  if (typeof value !== 'object' || value === null) return false
  if (Object.keys(value).length === 0) return true
  return key in value && isThere(Object.entries(value).find(([name]) => name === key)?.[1], rest)
}

/** The paths of all keys, those of maps too. */
function keysOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    [...path, key],
    ...keysOf(inner, [...path, key]),
  ])
}

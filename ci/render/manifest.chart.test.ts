import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Manifest, parse, template } from './helm.ts'

// That it is what the chart renders today is a matter of npm run gen.
const text = readFileSync(join(import.meta.dirname, '../../deploy/base/podatlas.yaml'), 'utf8')
const manifests = parse(text)

test('the manifest holds every object of the chart and a namespace that admits the agents', async () => {
  const [namespace, ...others] = manifests
  expect(namespace).toMatchObject({
    kind: 'Namespace',
    metadata: { name: 'podatlas', labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
  })
  const rendered = await template(['--no-hooks', '--skip-tests'], { namespace: 'podatlas' })
  expect(others.map(nameOf)).toEqual(parse(rendered).map(nameOf))
})

test('everything that has a namespace is in that of the manifest, and is not named by it', () => {
  const places = manifests.map(({ metadata }) => metadata.namespace).filter(Boolean)
  expect(new Set(places)).toEqual(new Set(['podatlas']))
  // An overlay of kustomize changes the namespace, but no text that holds it.
  expect(text).not.toMatch(/\.podatlas(\.svc|:\d)/)
})

test('nothing needs Helm: no hook, no test, no label that says it is in charge', () => {
  expect(text).not.toMatch(/helm\.sh|managed-by/)
})

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`
}

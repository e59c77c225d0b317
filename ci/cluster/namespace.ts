import type { Kubectl } from './kubectl.ts'

/**
 * Creates a namespace; returns when pods may be made in it. Until a controller has given it the account `default`,
 * the API server refuses them. It has its labels from the start, as what checks pods by them hears late of a change.
 */
export async function createNamespace(
  kubectl: Kubectl,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
  await kubectl(['create', '-f', '-'], JSON.stringify(namespace))
  const account = ['wait', '--for=create', 'serviceaccount/default', '--timeout=60s']
  await kubectl(['-n', name, ...account])
}

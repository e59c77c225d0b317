import type { Kubectl } from './kubectl.ts'

/**
 * Creates a namespace; returns when pods may be made in it. Until a controller has given it the account `default`,
 * the API server refuses them.
 */
export async function createNamespace(kubectl: Kubectl, name: string): Promise<void> {
  await kubectl(['create', 'namespace', name])
  const account = ['wait', '--for=create', 'serviceaccount/default', '--timeout=60s']
  await kubectl(['-n', name, ...account])
}

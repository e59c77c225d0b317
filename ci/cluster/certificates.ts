import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { addresses } from './addresses.ts'
import { run } from '../image/run.ts'

export const nodeName = 'atlas-node'

/** The files of one identity: `<folder>/<name>.crt` and `.key`. */
const identities = {
  apiserver: '/CN=kube-apiserver',
  'apiserver-to-kubelet': '/O=system:masters/CN=apiserver-to-kubelet',
  'controller-manager': '/CN=system:kube-controller-manager',
  scheduler: '/CN=system:kube-scheduler',
  kubelet: `/O=system:nodes/CN=system:node:${nodeName}`,
  'kube-proxy': '/CN=system:kube-proxy',
  coredns: '/O=system:masters/CN=coredns',
  admin: '/O=system:masters/CN=admin',
} as const
export type Identity = keyof typeof identities

// Only servers are looked up by name; clients ignore the list.
const serverNames = [
  `IP:127.0.0.1,IP:${addresses.node},IP:${addresses.apiService},DNS:localhost,DNS:${nodeName}`,
  'DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc',
].join(',')

/** Makes the authority, one certificate per identity, the key of service accounts, and a kubeconfig each. */
export async function makeCertificates(folder: string): Promise<void> {
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const request = ['req', '-x509', ...newKey]
  const authority = { crt: join(folder, 'ca.crt'), key: join(folder, 'ca.key') }
  const authorityFiles = ['-keyout', authority.key, '-out', authority.crt]
  await run('openssl', [...request, ...authorityFiles, '-subj', '/CN=podatlas-test'])
  for (const [name, subject] of Object.entries(identities)) {
    const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)]
    const usage = ['-addext', 'extendedKeyUsage=serverAuth,clientAuth']
    const names = [
      '-addext',
      `subjectAltName=${serverNames}`,
      '-addext',
      'basicConstraints=CA:FALSE',
    ]
    const signer = ['-CA', authority.crt, '-CAkey', authority.key]
    await run('openssl', [...request, ...files, '-subj', subject, ...usage, ...names, ...signer])
    writeFileSync(kubeconfigOf(folder, name), kubeconfig(folder, name))
  }
  const accounts = join(folder, 'service-accounts.key')
  await run('openssl', ['genpkey', '-algorithm', 'RSA', '-out', accounts])
}

/** Path of the kubeconfig by which an identity talks to the API server. */
export function kubeconfigOf(folder: string, identity: string): string {
  return join(folder, `${identity}.kubeconfig`)
}

// JSON is YAML, and needs no quoting rules.
function kubeconfig(folder: string, name: string): string {
  const server = `https://${addresses.node}:6443`
  const cluster = { server, 'certificate-authority': join(folder, 'ca.crt') }
  const user = {
    'client-certificate': join(folder, `${name}.crt`),
    'client-key': join(folder, `${name}.key`),
  }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'podatlas', cluster }],
    users: [{ name, user }],
    contexts: [{ name: 'podatlas', context: { cluster: 'podatlas', user: name } }],
    'current-context': 'podatlas',
  })
}

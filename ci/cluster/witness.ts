import { create, createPod, podAddress } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, promApiAt } from './running.ts'

const namespace = 'witness'

/** A Prometheus that is no part of a release and keeps what it has over all that happens to one. */
export async function startWitness() {
  await createNamespace(kubectl, namespace)
  // An agent sends what another one has left behind after samples of its own.
  const config = 'storage: {tsdb: {out_of_order_time_window: 1h}}\n'
  const metadata = { name: 'config', namespace }
  await create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { 'prometheus.yml': config },
  })
  await createPod(namespace, 'prometheus', {
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'prometheus',
        image: 'docker.io/prom/prometheus:v3.16.0',
        args: [
          '--config.file=/etc/prometheus/prometheus.yml',
          '--web.enable-remote-write-receiver',
        ],
        readinessProbe: { httpGet: { path: '/-/ready', port: 9090 }, periodSeconds: 1 },
        volumeMounts: [
          { name: 'config', mountPath: '/etc/prometheus' },
          { name: 'data', mountPath: '/prometheus' },
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: 'config' } },
      { name: 'data', emptyDir: {} },
    ],
  })
  const ready = ['--for=condition=Ready', 'pod/prometheus', '--timeout=60s']
  await kubectl(['-n', namespace, 'wait', ...ready])
  const url = `http://${await podAddress(namespace, 'prometheus')}:9090`
  return { url, api: promApiAt(url) }
}

export async function removeWitness(): Promise<void> {
  await kubectl(['delete', '--wait=false', 'namespace', namespace])
}

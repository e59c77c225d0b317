import type { PodLife } from './life.ts'
import { suffixOf } from './names.ts'

const PORT = 8_080
const ENVIRONMENT = ['DATABASE_URL', 'LOG_LEVEL']

/** With every field that the API server adds by itself: what nobody set has its default. */
export function podSpec(life: PodLife): Readonly<Record<string, unknown>> {
  const { uid, nodeName, workload } = life
  const token = `kube-api-access-${suffixOf(5, uid)}`
  const priority = workload.kind === 'DaemonSet' ? 2_000_001_000 : 0
  return {
    volumes: [
      { name: 'config', configMap: { name: `${workload.name}-config`, defaultMode: 420 } },
      { name: token, projected: { sources: tokenSources, defaultMode: 420 } },
    ],
    containers: life.containers.map(({ name }) => containerSpec(life, name, token)),
    restartPolicy: workload.kind === 'CronJob' ? 'Never' : 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: workload.isHostNetwork ? 'ClusterFirstWithHostNet' : 'ClusterFirst',
    serviceAccountName: 'default',
    serviceAccount: 'default',
    ...(nodeName !== undefined && { nodeName }),
    ...(workload.isHostNetwork && { hostNetwork: true }),
    securityContext: { runAsUser: 10_001 },
    schedulerName: 'default-scheduler',
    tolerations: [...tolerations('not-ready'), ...tolerations('unreachable')],
    ...(priority > 0 && { priorityClassName: 'system-node-critical' }),
    priority,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  }
}

/** As in the specification and in the status. */
export function imageOf({ workload }: PodLife, container: string): string {
  const isProxy = container === 'proxy'
  return `registry.example.com/platform/${isProxy ? 'service-proxy:1.14.2' : `${workload.name}:2026.11.3`}`
}

function containerSpec(life: PodLife, name: string, token: string) {
  const { workload } = life
  const isProxy = name === 'proxy'
  const port = isProxy ? 15_090 : PORT
  const probe = {
    httpGet: { path: '/healthz', port, scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  }
  const variables = isProxy ? ENVIRONMENT.slice(-1) : ENVIRONMENT
  return {
    name,
    image: imageOf(life, name),
    args: ['--listen', `:${port}`, '--config', '/etc/service/config.yaml'],
    ports: [
      {
        name: 'http',
        ...(workload.isHostNetwork && { hostPort: port }),
        containerPort: port,
        protocol: 'TCP',
      },
    ],
    env: [
      ...variables.map(variable => ({
        name: variable,
        value: `${variable.toLowerCase()}.${workload.namespace}.svc`,
      })),
      {
        name: 'POD_NAME',
        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } },
      },
    ],
    resources: { limits: { memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } },
    volumeMounts: [
      { name: 'config', readOnly: true, mountPath: '/etc/service' },
      { name: token, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ],
    readinessProbe: probe,
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    securityContext: {
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    },
  }
}

const tokenSources = [
  { serviceAccountToken: { expirationSeconds: 3_607, path: 'token' } },
  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  {
    downwardAPI: {
      items: [
        { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
      ],
    },
  },
]

function tolerations(fault: string) {
  return [
    {
      key: `node.kubernetes.io/${fault}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    },
  ]
}

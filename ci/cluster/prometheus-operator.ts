import { readFileSync } from 'node:fs'
import { toolPath } from '../tools/tool.ts'
import { create } from './example/pod.ts'
import { kubectl } from './running.ts'

/** Where a team runs a Prometheus by the Prometheus Operator. */
export const team = 'team'
const name = 'shared'
/** What the objects have that it takes. */
const selected = { release: 'kube-prometheus-stack' }
/** It runs there, and is ready. */
export const operatedPod = `prometheus-${name}-0`
/** A Secret and a ConfigMap: what the operator made of monitors and rules. */
export const madeByOperator = {
  config: `prometheus-${name}`,
  rules: `prometheus-${name}-rulefiles-0`,
}

/** Installs the operator as its makers ship it, and has it run a Prometheus of the image of these tests. */
export async function startOperator(): Promise<void> {
  // Created, as applying would note 800 kB in an annotation.
  await kubectl(['create', '-f', '-'], bundle())
  const kinds = ['podmonitors', 'prometheuses', 'prometheusrules', 'servicemonitors']
  const definitions = kinds.map(kind => `crd/${kind}.monitoring.coreos.com`)
  await kubectl(['wait', '--for=condition=Established', ...definitions, '--timeout=90s'])
  await kubectl(['create', 'namespace', team])
  await create(...rights(), prometheus())
  const ready = ['--for=condition=Ready', `pod/${operatedPod}`, '--timeout=120s']
  await kubectl(['-n', team, 'wait', '--for=create', `pod/${operatedPod}`, '--timeout=60s'])
  await kubectl(['-n', team, 'wait', ...ready])
}

/** Returns when its kinds are gone, which other tests install anew; nobody waits for the rest. */
export async function removeOperator(): Promise<void> {
  const later = ['delete', '--wait=false']
  await kubectl([...later, 'namespace', team])
  await kubectl([...later, `clusterrole/${team}`, `clusterrolebinding/${team}`])
  await kubectl(['delete', '-f', '-'], bundle())
}

function bundle(): string {
  const text = readFileSync(toolPath('prometheus-operator', 'bundle.yaml'), 'utf8')
  // One image holds both programs.
  return text.replace('prometheus-config-reloader:v', 'prometheus-operator:v')
}

function rights(): object[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const metadata = { name: team }
  const rules = [
    {
      apiGroups: [''],
      resources: ['pods', 'services', 'endpoints'],
      verbs: ['get', 'list', 'watch'],
    },
  ]
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: team }
  const subjects = [{ kind: 'ServiceAccount', name, namespace: team }]
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: team } },
    { apiVersion, kind: 'ClusterRole', metadata, rules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
  ]
}

function prometheus(): object {
  const everywhere = {}
  const ours = { matchLabels: selected }
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'Prometheus',
    metadata: { name, namespace: team },
    spec: {
      version: 'v3.16.0',
      image: 'docker.io/prom/prometheus:v3.16.0',
      serviceAccountName: name,
      enableRemoteWriteReceiver: true,
      podMonitorNamespaceSelector: everywhere,
      podMonitorSelector: ours,
      serviceMonitorNamespaceSelector: everywhere,
      serviceMonitorSelector: ours,
      ruleNamespaceSelector: everywhere,
      ruleSelector: ours,
    },
  }
}

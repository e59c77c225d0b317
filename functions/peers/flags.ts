import type { Flags } from '../program/command-line.ts'
import { upstreamFlags } from '../prometheus/upstream.ts'

export const flags: Flags = {
  cluster: {
    key: 'cluster',
    value: 'NAME',
    help: 'label "cluster" of every series (default none)',
  },
  listen: { key: 'listen', value: 'HOST:PORT', help: 'where to serve (default 0.0.0.0:8080)' },
  'max-peers': {
    key: 'maxPeers',
    value: 'COUNT',
    isNumber: true,
    help: 'most addresses of pods, services and nodes (default 200000)',
  },
  'pod-network': {
    key: 'podNetworks',
    value: 'CIDR',
    isList: true,
    help: 'network that pods get addresses from, where nodes do not tell; repeatable',
  },
  prometheus: {
    key: 'prometheus',
    short: 'p',
    value: 'URL',
    help: 'Prometheus to ask for addresses that nobody owns, to be classified (default none)',
  },
  query: {
    key: 'query',
    value: 'PROMQL',
    help: 'whose results have these addresses as destination_ip; the environment variable QUERY too',
  },
  interval: { key: 'interval', value: 'TIME', help: 'time between queries (default 10s)' },
  timeout: { key: 'timeout', value: 'TIME', help: 'longest wait for Prometheus (default 10s)' },
  'max-classified': {
    key: 'maxClassified',
    value: 'COUNT',
    isNumber: true,
    help: 'most addresses of the query that are classified (default 20000)',
  },
  ...upstreamFlags,
  kubeconfig: {
    key: 'kubeconfig',
    value: 'FILE',
    help: 'how to reach the API server; the environment variable KUBECONFIG too (default: as a pod)',
  },
  'api-server': {
    key: 'apiServer',
    value: 'URL',
    help: 'the API server, instead of a kubeconfig',
  },
  'api-token-file': { key: 'apiTokenFile', value: 'FILE', help: 'token for --api-server' },
  'api-ca-file': {
    key: 'apiCaFile',
    value: 'FILE',
    help: 'certificate authority of --api-server',
  },
  config: {
    key: 'config',
    value: 'FILE',
    help: 'YAML or JSON file; the command line wins over it',
  },
  help: { key: 'help', short: 'h', help: 'print this and exit' },
}

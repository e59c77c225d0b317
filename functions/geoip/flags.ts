import type { Flags } from '../program/command-line.ts'
import { upstreamFlags } from '../prometheus/upstream.ts'

/** Short ones are those of 2021, and -q. What has a scope may be given for one query: NAME=VALUE. */
export const flags: Flags = {
  prometheus: {
    key: 'prometheus',
    short: 'p',
    value: 'URL',
    help: 'Prometheus base URL, such as http://prometheus:9090',
  },
  query: {
    key: 'query',
    short: 'q',
    value: '[NAME=]PROMQL',
    scope: 'queries',
    help: 'the query (the environment variable QUERY too), or one more by its name; repeatable. The default asks for bytes by namespace, pod and public address',
  },
  'address-label': {
    key: 'addressLabel',
    short: 'i',
    value: '[NAME=]LABEL',
    scope: 'queries',
    help: 'label of the result that holds the address (default destination_ip); [NAME=]: for that query only',
  },
  label: {
    key: 'labels',
    short: 'l',
    value: '[NAME=]LABEL',
    scope: 'queries',
    isList: true,
    help: 'label to carry over to geo_ip; repeatable',
  },
  interval: {
    key: 'interval',
    value: '[NAME=]TIME',
    scope: 'queries',
    help: 'time between queries (default 10s)',
  },
  'max-addresses': {
    key: 'maxAddresses',
    value: '[NAME=]COUNT',
    scope: 'queries',
    isNumber: true,
    help: 'most series of geo_ip of a query, largest values first (default 20000)',
  },
  database: {
    key: 'databases',
    short: 'd',
    value: 'FILE',
    isList: true,
    help: 'MMDB file of cities, countries or networks; repeatable, the first that knows wins (default DB-IP City Lite)',
  },
  language: {
    key: 'language',
    value: 'TAG',
    help: 'of the names of countries, regions and cities, where a database has it (default en)',
  },
  location: {
    key: 'location',
    value: 'LAT,LON',
    help: 'where the cluster is, in degrees such as 50.11,8.68: the page draws its arcs from there',
  },
  debug: { key: 'debug', short: 'D', help: 'log every query' },
  listen: { key: 'listen', value: 'HOST:PORT', help: 'where to serve (default 0.0.0.0:8080)' },
  timeout: { key: 'timeout', value: 'TIME', help: 'longest wait for Prometheus (default 10s)' },
  ...upstreamFlags,
  'page-dir': { key: 'pageDir', value: 'DIR', help: 'built files of the page' },
  config: {
    key: 'config',
    value: 'FILE',
    help: 'YAML or JSON file with the keys of the long options; the command line wins over it',
  },
  help: { key: 'help', short: 'h', help: 'print this and exit' },
}

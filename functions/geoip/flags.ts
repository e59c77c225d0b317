import type { Flags } from '../program/command-line.ts'

/** Short ones are those of 2021. */
export const flags: Flags = {
  prometheus: {
    key: 'prometheus',
    short: 'p',
    value: 'URL',
    help: 'Prometheus base URL, such as http://prometheus:9090',
  },
  'address-label': {
    key: 'addressLabel',
    short: 'i',
    value: 'LABEL',
    help: "label of the query's result that holds the address (default destination_ip)",
  },
  database: {
    key: 'databases',
    short: 'd',
    value: 'FILE',
    isList: true,
    help: 'MMDB file; repeatable, the first that knows an address wins (default DB-IP City Lite)',
  },
  label: {
    key: 'labels',
    short: 'l',
    value: 'LABEL',
    isList: true,
    help: 'label to carry over to geo_ip; repeatable',
  },
  language: {
    key: 'language',
    value: 'TAG',
    help: 'of the names of countries, regions and cities, where a database has it (default en)',
  },
  debug: { key: 'debug', short: 'D', help: 'log every query' },
  query: { key: 'query', value: 'PROMQL', help: 'the query; the environment variable QUERY too' },
  listen: { key: 'listen', value: 'HOST:PORT', help: 'where to serve (default 0.0.0.0:8080)' },
  interval: { key: 'interval', value: 'TIME', help: 'time between queries (default 10s)' },
  timeout: { key: 'timeout', value: 'TIME', help: 'longest wait for Prometheus (default 10s)' },
  'max-addresses': {
    key: 'maxAddresses',
    value: 'COUNT',
    isNumber: true,
    help: 'most series of geo_ip, largest values first (default 20000)',
  },
  'page-dir': { key: 'pageDir', value: 'DIR', help: 'built files of the page' },
  config: {
    key: 'config',
    value: 'FILE',
    help: 'YAML or JSON file; the command line wins over it',
  },
  help: { key: 'help', short: 'h', help: 'print this and exit' },
}

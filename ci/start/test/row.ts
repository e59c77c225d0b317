import type { Row } from '../connections.ts'

/** A row like any other, for tests that care about some of its fields. */
export function row(changes: Partial<Row> = {}): Row {
  return {
    namespace: null,
    pod: null,
    container: 'web.service',
    role: 'client',
    address: '198.51.100.20',
    port: 443,
    city: 'São Paulo',
    country: 'BR',
    countryName: 'Brazil',
    latitude: -23.55,
    longitude: -46.63,
    bytesSent: 45_000,
    bytesReceived: 1_234_567,
    sentPerSecond: 1_500,
    receivedPerSecond: 20,
    ...changes,
  }
}

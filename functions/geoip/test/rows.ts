import type { Connection } from '../connections/connections.ts'

const berlin = place('DE', 'Germany', 'Berlin', 52.52, 13.405)
const saoPaulo = place('BR', 'Brazil', 'São Paulo', -23.55, -46.63)
const tokyo = place('JP', 'Japan', 'Tokyo', 35.68, 139.69)
const sydney = place('AU', 'Australia', 'Sydney', -33.87, 151.21)
const nowhere = place(null, null, null, null, null)

/** Rows of `/api/connections`: pods and a host process, placed, unknown, folded and private, of each verdict. */
export const rows: readonly Connection[] = [
  row('shop/checkout-0/app', '192.0.2.1', berlin, 1_000_000, 1_500_000, 50_000),
  row('shop/checkout-1/app', '192.0.2.2', berlin, 300_000, 200_000, 100),
  {
    ...row('billing/sync-0/sync', '198.51.100.1', saoPaulo, 1_100_000, 100_000, 20_000),
    verdict: 'forbidden',
    violates: ['billing-stays-in-asia'],
  },
  {
    ...row('billing/sync-1/sync', '2001:db8:81::1', tokyo, 299_000, 1_000, 5_000),
    verdict: 'allowed',
  },
  row('//ssh.service', '203.0.113.1', sydney, 700_000, 50_000, 12_500),
  row('shop/checkout-1/app', '203.0.113.200', nowhere, 10, 20, 0),
  row('shop/checkout-1/app', 'other', nowhere, 5_000, 6_000, 1),
  { ...row('shop/checkout-0/app', '10.0.0.7', nowhere, 9_000_000, 1, 1), isPublic: false },
]

function row(
  owner: string,
  address: string,
  where: ReturnType<typeof place>,
  bytesSent: number,
  bytesReceived: number,
  sentPerSecond: number,
): Connection {
  const [namespace, pod, container] = owner.split('/').map(name => name || null)
  return {
    namespace: namespace ?? null,
    pod: pod ?? null,
    container: container ?? null,
    node: 'node-1',
    role: 'client',
    address,
    port: 443,
    isPublic: true,
    ...where,
    accuracyKm: null,
    asNumber: null,
    asOrganization: null,
    verdict: 'unknown',
    violates: [],
    bytesSent,
    bytesReceived,
    sentPerSecond,
    receivedPerSecond: sentPerSecond / 2,
  }
}

function place(
  country: string | null,
  countryName: string | null,
  city: string | null,
  latitude: number | null,
  longitude: number | null,
) {
  return { country, countryName, city, region: null, latitude, longitude }
}

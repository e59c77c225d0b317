import type { Connection, ConnectionRows } from '../connections/connections.ts'
import type { History } from '../connections/history.ts'

/** A cluster in Frankfurt with a shop, its payments, a crawler and backups: what the pictures show. */
export const cluster = { latitude: 50.11, longitude: 8.68 }

const cities: Readonly<Record<string, readonly [string, string, number, number, number, string]>> =
  {
    Frankfurt: ['DE', 'Germany', 50.11, 8.68, 64_496, 'Example Cloud Europe'],
    Dublin: ['IE', 'Ireland', 53.35, -6.26, 64_497, 'Example Cloud Ireland'],
    Paris: ['FR', 'France', 48.86, 2.35, 64_498, 'Réseau Exemple'],
    Stockholm: ['SE', 'Sweden', 59.33, 18.07, 64_499, 'Exempelnät AB'],
    Reykjavík: ['IS', 'Iceland', 64.15, -21.94, 64_500, 'Example Cold Storage'],
    Madrid: ['ES', 'Spain', 40.42, -3.7, 64_501, 'Red Ejemplo'],
    'New York': ['US', 'United States', 40.71, -74.01, 64_502, 'Example Pay Inc.'],
    Ashburn: ['US', 'United States', 39.04, -77.49, 64_503, 'Example Cloud US'],
    'San Francisco': ['US', 'United States', 37.77, -122.42, 64_504, 'Example CDN'],
    'São Paulo': ['BR', 'Brazil', -23.55, -46.63, 64_505, 'Rede Exemplo'],
    Bogotá: ['CO', 'Colombia', 4.71, -74.07, 64_506, 'Red de Ejemplo'],
    Lagos: ['NG', 'Nigeria', 6.52, 3.38, 64_507, 'Example Networks Lagos'],
    Nairobi: ['KE', 'Kenya', -1.29, 36.82, 64_508, 'Mfano Networks'],
    'Cape Town': ['ZA', 'South Africa', -33.92, 18.42, 64_509, 'Example Cape'],
    Mumbai: ['IN', 'India', 19.08, 72.88, 64_510, 'Example Net India'],
    Singapore: ['SG', 'Singapore', 1.35, 103.82, 64_511, 'Example Cloud Asia'],
    Tokyo: ['JP', 'Japan', 35.68, 139.69, 64_496, 'Example Cloud Europe'],
    Sydney: ['AU', 'Australia', -33.87, 151.21, 64_497, 'Example Cloud Ireland'],
  }

type Verdict = Connection['verdict']

const talks: readonly (readonly [string, string, string, number, number, Verdict])[] = [
  ['shop/checkout-7d9f/app', 'Frankfurt', 'client', 820, 410, 'allowed'],
  ['shop/checkout-7d9f/app', 'Dublin', 'client', 260, 1_900, 'allowed'],
  ['shop/checkout-b2c4/app', 'Paris', 'client', 140, 620, 'allowed'],
  ['shop/cart-66c8/app', 'Stockholm', 'client', 60, 240, 'allowed'],
  ['shop/cart-66c8/app', 'Singapore', 'client', 18, 75, 'forbidden'],
  ['shop/recommender-5f/model', 'San Francisco', 'client', 420, 96, 'forbidden'],
  ['shop/web-8c55/nginx', 'Madrid', 'server', 1_240, 92, 'unknown'],
  ['shop/web-8c55/nginx', 'São Paulo', 'server', 310, 22, 'unknown'],
  ['shop/web-8c55/nginx', 'Mumbai', 'server', 940, 66, 'unknown'],
  ['shop/web-a71d/nginx', 'New York', 'server', 1_610, 120, 'unknown'],
  ['shop/web-a71d/nginx', 'Tokyo', 'server', 530, 41, 'unknown'],
  ['shop/web-a71d/nginx', 'Lagos', 'server', 96, 9, 'unknown'],
  ['payments/gateway-0/gateway', 'New York', 'client', 38, 44, 'allowed'],
  ['payments/gateway-0/gateway', 'Ashburn', 'client', 22, 31, 'allowed'],
  ['payments/gateway-1/gateway', 'Frankfurt', 'client', 64, 58, 'allowed'],
  ['crawler/spider-4k/fetch', 'Bogotá', 'client', 12, 340, 'unknown'],
  ['crawler/spider-4k/fetch', 'Nairobi', 'client', 9, 210, 'unknown'],
  ['crawler/spider-9x/fetch', 'Cape Town', 'client', 14, 380, 'unknown'],
  ['crawler/spider-9x/fetch', 'Sydney', 'client', 16, 450, 'unknown'],
  ['backup/restic-28/restic', 'Reykjavík', 'client', 3_900, 24, 'unknown'],
  ['monitoring/agent-x2/agent', 'Ashburn', 'client', 210, 18, 'unknown'],
]

/** The rows of the showcase, the same each time; rates are kilobytes per second. */
export function showcase(): ConnectionRows {
  const rows = talks.map(([owner, city, role, sent, received, verdict], index): Connection => {
    const [country, countryName, latitude, longitude, asNumber, asOrganization] = cities[city] ?? []
    const [namespace = '', pod = '', container = ''] = owner.split('/')
    return {
      namespace,
      pod,
      container,
      node: `node-${(index % 3) + 1}`,
      role,
      address: index % 5 === 4 ? `2001:db8:${index}::7` : `203.0.113.${10 + index * 7}`,
      port: role === 'server' ? 41_000 + index * 37 : 443,
      isPublic: true,
      country: country ?? null,
      countryName: countryName ?? null,
      city,
      region: null,
      latitude: latitude ?? null,
      longitude: longitude ?? null,
      accuracyKm: 20,
      asNumber: asNumber ?? null,
      asOrganization: asOrganization ?? null,
      verdict,
      violates: verdict === 'forbidden' ? ['shop-stays-in-europe'] : [],
      bytesSent: sent * 1_000 * 86_400,
      bytesReceived: received * 1_000 * 86_400,
      sentPerSecond: sent * 1_000,
      receivedPerSecond: received * 1_000,
    }
  })
  const policies = [
    { name: 'payments-partners', severity: 'critical' },
    { name: 'shop-stays-in-europe', severity: 'critical' },
  ]
  return { rows, truncated: 0, policies }
}

/** A quarter of an hour of traffic with a wave in it. */
export function showcaseHistory(): History {
  const points = Array.from({ length: 61 }, (_, step) => ({
    seconds: step * 15,
    sentPerSecond: 9e6 + 2.4e6 * Math.sin(step / 7) + 5e5 * Math.sin(step * 2.3),
    receivedPerSecond: 4.4e6 + 9e5 * Math.cos(step / 5) + 4e5 * Math.sin(step * 1.7),
  }))
  return { stepSeconds: 15, points }
}

import type { Connection } from '../connections/connections.ts'

const columns: readonly (keyof Connection)[] = [
  'namespace',
  'pod',
  'container',
  'node',
  'role',
  'address',
  'port',
  'verdict',
  'violates',
  'country',
  'countryName',
  'region',
  'city',
  'latitude',
  'longitude',
  'accuracyKm',
  'asNumber',
  'asOrganization',
  'sentPerSecond',
  'receivedPerSecond',
  'bytesSent',
  'bytesReceived',
]

/** The rows as RFC 4180 has them, with a header and the names of the API. */
export function csvOf(rows: readonly Connection[]): string {
  const lines = rows.map(row => columns.map(column => fieldOf(row[column])))
  return [columns, ...lines].map(fields => `${fields.join(',')}\r\n`).join('')
}

function fieldOf(value: Connection[keyof Connection]): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = Array.isArray(value) ? value.join(' ') : String(value)
  // Spreadsheets run what begins so, and names of pods and networks come from others.
  const tame = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame
}

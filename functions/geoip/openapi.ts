import { MOST_ADDRESSES, MOST_BODY_BYTES } from './locations.ts'

const text = { type: 'string' }
const number = { type: 'number' }
const textOrNull = { type: ['string', 'null'] }
const numberOrNull = { type: ['number', 'null'] }

const place = {
  country: { ...text, description: 'ISO 3166-1 alpha-2' },
  countryName: text,
  city: text,
  region: text,
  postcode: text,
  latitude: number,
  longitude: number,
  accuracyKm: { ...number, description: 'The place is right to so many kilometres.' },
  asNumber: { ...number, description: 'The autonomous system that the address is in.' },
  asOrganization: text,
}

const rowOfTexts = ['namespace', 'pod', 'container', 'node', 'role', 'country', 'countryName']
const row = {
  ...Object.fromEntries([...rowOfTexts, 'city', 'region'].map(name => [name, textOrNull])),
  address: { ...text, description: 'An IP address, or `other` for those that agents folded.' },
  port: numberOrNull,
  isPublic: { type: 'boolean' },
  latitude: numberOrNull,
  longitude: numberOrNull,
  accuracyKm: numberOrNull,
  asNumber: numberOrNull,
  asOrganization: textOrNull,
  verdict: {
    enum: ['allowed', 'forbidden', 'unknown'],
    description:
      'By the geofence policies; `unknown` where none applies or the country is not known.',
  },
  violates: { type: 'array', items: text, description: 'Names of policies.' },
  bytesSent: { ...number, description: 'Since the counter began.' },
  bytesReceived: number,
  sentPerSecond: { ...number, description: 'Bytes per second over the window.' },
  receivedPerSecond: number,
}

const view = {
  generatedAt: { ...textOrNull, description: 'When Prometheus said so; null if it never did.' },
  windowSeconds: number,
  attribution: { ...text, description: 'To be shown with the places.' },
  problem: { ...textOrNull, description: 'All that is wrong right now.' },
}

const schemas = {
  Error: object({ error: text }),
  Location: object({ address: text, ...place }, ['address']),
  NoLocation: object({ address: text, error: text }),
  Connections: object({
    ...view,
    cluster: {
      oneOf: [object({ latitude: number, longitude: number }), { type: 'null' }],
      description: 'Where it is, if geoip was told.',
    },
    policies: {
      type: 'array',
      items: object({ name: text, severity: text }),
      description: 'Geofence policies in force.',
    },
    truncated: { ...number, description: 'Connections left out, those with the fewest bytes.' },
    rows: { type: 'array', items: object(row) },
  }),
  History: object({
    ...view,
    stepSeconds: number,
    points: {
      type: 'array',
      items: object({
        seconds: { ...number, description: 'Since 1970.' },
        sentPerSecond: numberOrNull,
        receivedPerSecond: numberOrNull,
      }),
    },
  }),
}

const viewParameters = [
  parameter('window', 'So far back from the end, from 10s to 86400s.', {
    ...text,
    pattern: String.raw`^\d{1,5}s$`,
    default: '60s',
  }),
  parameter('end', 'Until when, in seconds since 1970; now if it is missing.', { type: 'integer' }),
  ...['namespace', 'pod', 'container'].map(name =>
    parameter(
      name,
      'Repeatable: any of these. Empty for processes of the node itself.',
      listOf(50),
    ),
  ),
  parameter(
    'country',
    'Repeatable: ISO code, `unknown` for public addresses without a place, `none` for others.',
    listOf(50),
  ),
]

/** What the routes take and answer, as an OpenAPI 3.1 document. */
export const openApi = {
  openapi: '3.1.1',
  info: {
    title: 'podatlas geoip',
    version: '1',
    description:
      'Where the remote ends of connections are. Reads only; answers are gzipped on demand.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  paths: {
    '/locations/{address}': {
      get: {
        operationId: 'location',
        summary: 'Where one address is',
        parameters: [
          { ...parameter('address', 'IPv4 or IPv6.', text), in: 'path', required: true },
        ],
        responses: {
          200: json('Known.', 'Location'),
          400: json('No IP address.', 'Error'),
          404: json('In no database, or private, loopback …', 'Error'),
          503: json('No database is read yet.', 'Error'),
        },
      },
    },
    '/locations': {
      post: {
        operationId: 'locations',
        summary: 'Where many addresses are, in their order',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: object({
                addresses: { type: 'array', maxItems: MOST_ADDRESSES, items: text },
              }),
            },
          },
        },
        responses: {
          200: inline('One entry for each address.', {
            attribution: view.attribution,
            locations: {
              type: 'array',
              items: { oneOf: [reference('Location'), reference('NoLocation')] },
            },
          }),
          400: json('No such list.', 'Error'),
          413: json(`More than ${MOST_ADDRESSES} addresses or ${MOST_BODY_BYTES} bytes.`, 'Error'),
          503: json('No database is read yet.', 'Error'),
        },
      },
    },
    '/api/connections': {
      get: {
        operationId: 'connections',
        summary: 'Who talks to whom, with places: the rows of the page',
        parameters: viewParameters,
        responses: { 200: json('Rows.', 'Connections'), 400: json('A wrong parameter.', 'Error') },
      },
    },
    '/api/history': {
      get: {
        operationId: 'history',
        summary: 'Bytes per second over the window, summed: a sparkline',
        parameters: viewParameters,
        responses: {
          200: json('60 points or so.', 'History'),
          400: json('A wrong parameter.', 'Error'),
        },
      },
    },
    '/metrics': {
      get: plain('metrics', 'For Prometheus, with geo_ip and podatlas_geo_info', [200]),
    },
    '/healthz': { get: plain('healthz', 'Whether the process should be started anew', [200, 503]) },
    '/readyz': { get: plain('readyz', 'Whether places are known, and what is wrong', [200, 503]) },
    '/openapi.json': {
      get: {
        operationId: 'openapi',
        summary: 'This document',
        responses: {
          200: {
            description: 'OpenAPI 3.1.',
            content: { 'application/json': { schema: { type: 'object' } } },
          },
        },
      },
    },
  },
  components: { schemas },
} as const

/** All properties are there unless `required` says otherwise, and no others. */
function object<Properties extends object>(
  properties: Properties,
  required: readonly string[] = Object.keys(properties),
) {
  return { type: 'object', properties, required, additionalProperties: false }
}

function listOf(most: number) {
  return { type: 'array', maxItems: most, items: { ...text, maxLength: 253 } }
}

function parameter(name: string, description: string, schema: object) {
  return { name, in: 'query', description, schema }
}

function reference(schema: keyof typeof schemas) {
  return { $ref: `#/components/schemas/${schema}` }
}

function json(description: string, schema: keyof typeof schemas) {
  return { description, content: { 'application/json': { schema: reference(schema) } } }
}

function inline(description: string, properties: object) {
  return { description, content: { 'application/json': { schema: object(properties) } } }
}

function plain(operationId: string, summary: string, statuses: readonly number[]) {
  const response = { description: summary, content: { 'text/plain': { schema: text } } }
  return {
    operationId,
    summary,
    responses: Object.fromEntries(statuses.map(status => [status, response])),
  }
}

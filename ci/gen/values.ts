import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Settings } from '../../agent/settings.ts'
import { describeKeys } from './values-descriptions.ts'
import {
  bytes,
  credentialsOf,
  duration,
  hookPolicies,
  httpUrl,
  image,
  kernel,
  labelName,
  labels,
  monitor,
  namePart,
  othersImage,
  namespace,
  network,
  nodePath,
  object,
  outside,
  passedThrough,
  persistence,
  places,
  podKeys,
  pullSecrets,
  secretHeaders,
  section,
  service,
  shortDuration,
  sinkTls,
  spoolPath,
  strings,
  upstreamHeaders,
} from './values-parts.ts'
import { sinkSchema } from './values-sinks.ts'

const root = join(import.meta.dirname, '../..')

/** Names that values no longer have: let through, so that the chart can tell the new ones (chart/files/moved.yaml). */
const moved = { geo: passedThrough, convis: passedThrough }

/** An object of Kubernetes, as YAML or as text. */
const manifest = z.union([z.string(), passedThrough])

const Values = section({
  ...moved,
  // Helm hands both to every chart that is the part of another; a strict root without them refuses to be one.
  enabled: z.boolean().optional(),
  global: z.looseObject({
    imageRegistry: z.string().optional(),
    imagePullSecrets: pullSecrets.optional(),
  }),
  cluster: section({
    location: z.string().regex(/^$|^-?[0-9]{1,2}([.][0-9]+)?, ?-?[0-9]{1,3}([.][0-9]+)?$/),
    name: z.string(),
  }),
  nameOverride: namePart,
  fullnameOverride: namePart,
  namespaceOverride: namespace,
  commonLabels: strings,
  sinks: z.record(z.string(), z.unknown()),
  agent: section({
    ...podKeys,
    interval: shortDuration,
    series: section({
      budget: Settings.shape.maxSeries,
      priorityNamespaces: Settings.shape.priorityNamespaces,
      idle: Settings.shape.seriesIdle,
    }),
    labels: section({ add: labels.add, drop: labels.drop }),
    processes: section({ enabled: z.boolean() }),
    names2021: section({ enabled: z.boolean() }),
    udp: Settings.shape.udp,
    kernel: section({
      maxFlows: kernel.maxFlows,
      maxSockets: kernel.maxSockets,
      pinDirectory: nodePath,
    }),
    spool: section({ enabled: z.boolean(), hostPath: spoolPath }),
    hostPID: z.boolean(),
    privileged: z.boolean(),
  }),
  geoip: section({
    ...podKeys,
    ...outside,
    enabled: z.boolean(),
    query: z.string(),
    addressLabel: labelName,
    labels: z.array(labelName),
    interval: duration,
    maxAddresses: z.int().min(1).max(1_000_000),
    queries: z.record(
      z.string().regex(/^[a-zA-Z][\w.-]{0,62}$/),
      z.strictObject({
        query: z.string().regex(/\S/),
        addressLabel: labelName.optional(),
        labels: z.array(labelName).optional(),
        interval: z
          .string()
          .regex(/^[1-9][0-9]*(s|m|h)$/)
          .optional(),
        maxAddresses: z.int().min(1).max(1_000_000).optional(),
      }),
    ),
    language: z.string().regex(/^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$/),
    database: section({
      bundled: z.boolean(),
      volume: passedThrough,
      files: z.array(z.string().regex(/^[^/].*$/)),
    }),
  }),
  peers: section({
    ...podKeys,
    service,
    enabled: z.boolean(),
    maxPeers: z.int().min(1).max(1_000_000),
    podNetworks: z.array(network),
    classify: section({
      enabled: z.boolean(),
      query: z.string(),
      interval: duration,
      maxAddresses: z.int().min(1).max(1_000_000),
    }),
  }),
  prometheus: section({
    ...podKeys,
    image: othersImage,
    ...outside,
    enabled: z.boolean(),
    url: httpUrl,
    upstream: section({
      credentials: credentialsOf('username', 'password', 'token'),
      tls: section(sinkTls.shape),
      headers: strings,
      secretHeaders: upstreamHeaders,
    }),
    scrapeInterval: shortDuration,
    outOfOrderWindow: duration,
    retention: section({ time: duration, size: bytes }),
    persistence,
  }),
  grafana: section({
    ...podKeys,
    image: othersImage,
    ...outside,
    enabled: z.boolean(),
    externalUrl: httpUrl,
    credentials: section({
      existingSecret: z.string(),
      keys: section({ username: z.string().min(1), password: z.string().min(1) }),
      values: object({ username: z.string(), password: z.string() }),
    }),
    persistence,
  }),
  dashboards: section({
    configMaps: section({ enabled: z.boolean(), namespace, labels: strings, annotations: strings }),
    operator: section({
      enabled: z.boolean(),
      namespace,
      instanceSelector: passedThrough,
      folder: z.string(),
      resyncPeriod: duration,
    }),
    disabled: z.record(z.string(), z.boolean()),
  }),
  rules: section({
    enabled: z.boolean(),
    configMap: section({ enabled: z.boolean() }),
    prometheusRule: section({
      enabled: z.boolean(),
      namespace,
      labels: strings,
      annotations: strings,
    }),
    runbookUrl: httpUrl,
    alerts: z.record(
      z.string(),
      object({
        enabled: z.boolean(),
        for: duration.or(z.literal('0m')),
        severity: z.enum(['info', 'warning', 'critical']),
        labels: strings,
      }),
    ),
  }),
  geofence: section({
    policies: z.record(
      namePart.min(1).max(63),
      object({
        namespaces: z.array(namespace.min(1)),
        allow: places,
        deny: places,
        connections: z.enum(['outbound', 'inbound', 'all']),
        unknown: z.enum(['ignore', 'violation']),
        severity: z.enum(['info', 'warning', 'critical']),
      }),
    ),
  }),
  cost: section({
    pricePerGB: z.record(z.string(), z.number().min(0)),
    // It stands in the JSON of a dashboard.
    currency: z.string().regex(/^[^\s"\\]{1,5}$/),
  }),
  monitors: section({
    serviceMonitor: monitor,
    podMonitor: monitor,
    annotations: section({ enabled: z.boolean() }),
    checkCRDs: z.boolean(),
  }),
  networkPolicy: section({
    enabled: z.boolean(),
    extraIngress: z.array(passedThrough),
    extraEgress: z.array(passedThrough),
  }),
  rbac: section({ create: z.boolean(), extraRules: z.array(passedThrough) }),
  helmTest: section({
    enabled: z.boolean(),
    wait: z.string().regex(/^[1-9][0-9]{0,2}[sm]$/),
    deletePolicy: z.string().regex(hookPolicies),
    image,
    securityContext: passedThrough,
    podSecurityContext: passedThrough,
    resources: passedThrough,
    env: podKeys.env,
    podLabels: strings,
    podAnnotations: strings,
    nodeSelector: strings,
    tolerations: podKeys.tolerations,
  }),
  extraObjects: z.union([z.record(z.string(), manifest), z.array(manifest)]),
})

/** Schema of a part of the whole, which alone says what draft it is of. */
function part(of: z.ZodType) {
  const { $schema: _, ...schema } = z.toJSONSchema(of, { target: 'draft-7', io: 'input' })
  return schema
}

/** chart/values.schema.json: what values may look like, with the comments of values.yaml as descriptions. */
export async function values(): Promise<{ path: string; content: string }[]> {
  const schema = z.toJSONSchema(Values, { target: 'draft-7', io: 'input' })
  const credentialsSchema = (names: readonly string[]) => part(credentialsOf(...names))
  const sinks = sinkSchema({
    credentials: credentialsSchema,
    secretHeaders: part(secretHeaders),
    tls: part(sinkTls),
  })
  const properties = { ...schema.properties, sinks }
  const described = describeKeys(
    { ...schema, title: 'Values of the podatlas chart', properties },
    readFileSync(join(root, 'chart/values.yaml'), 'utf8'),
  )
  const content = `${JSON.stringify(described, null, 2)}\n`
  return [{ path: 'chart/values.schema.json', content }]
}

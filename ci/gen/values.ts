import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Settings } from '../../agent/settings.ts'
import { describeKeys } from './values-descriptions.ts'
import { sinkSchema } from './values-sinks.ts'

const root = join(import.meta.dirname, '../..')

/** A map that users write: nothing in it is required. */
const object = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).partial()

/**
 * A map that values.yaml has: Helm lays the user's values over it before it checks them. A key that is null is removed, so what
 * has no empty value is required; texts, lists and maps of the user's are empty without their key, which is what a line of YAML
 * with nothing behind it means.
 */
function section(shape: z.ZodRawShape) {
  const keys = Object.entries(shape).map(([key, schema]) => {
    const plain = schema instanceof z.ZodDefault ? schema.unwrap() : schema
    if (!(plain instanceof z.ZodType)) throw new Error(`${key}: is no schema of zod`)
    return [key, mayBeEmpty(plain) ? plain.optional() : plain] as const
  })
  return z.strictObject(Object.fromEntries(keys))
}

function mayBeEmpty(schema: z.ZodType): boolean {
  if (schema instanceof z.ZodObject) return false
  return ['', [], {}].some(empty => schema.safeParse(empty).success)
}

/** What Kubernetes checks itself, with better knowledge: labels, resources, affinity … */
const passedThrough = z.record(z.string(), z.unknown())
const strings = z.record(z.string(), z.string())
const duration = z.string().regex(/^[1-9][0-9]*(s|m|h|d)$/)
/** Up to two minutes: the rules need two samples within five. The chart turns it into seconds. */
const shortDuration = z.string().regex(/^([1-9][0-9]?s|1[01][0-9]s|120s|[12]m)$/)
const bytes = z.string().regex(/^[1-9][0-9]*(KB|MB|GB|TB)$/)
const quantity = z.string().regex(/^[1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T)?$/)
const httpUrl = z.string().regex(/^(https?:\/\/[^\s"\\]+)?$/)
const namespace = z.string().regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/)
const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
/** Two folders at least: the first is mounted, what is below it is the agent's. */
const nodePath = z.string().regex(/^((\/[^/\s]+){2,})?$/)
/** The same, but it cannot be left out. */
const spoolPath = z.string().regex(/^(\/[^/\s]+){2,}$/)
const kernel = Settings.shape.kernel.unwrap().shape
const labels = Settings.shape.labels.unwrap().shape
const namePart = z.string().regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/)

// YAML 1.1 reads a bare NO as false. What is no country at all, the chart says in words.
const country = z
  .string()
  .regex(/^[A-Z]{2}$/)
  .or(z.literal(false))
const asn = z
  .int()
  .min(1)
  .max(4_294_967_295)
  .or(z.string().regex(/^(AS)?[1-9][0-9]{0,9}$/))
const places = object({ countries: z.array(country), asns: z.array(asn) })

const pullSecrets = z.array(z.union([z.string(), z.strictObject({ name: z.string() })]))

const image = section({
  registry: z.string(),
  repository: z.string().min(1),
  tag: z.string().regex(/^([a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})?$/),
  digest: z.string().regex(/^(sha256:[a-f0-9]{64})?$/),
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  pullSecrets,
})

/** The block wherever podatlas needs a secret: a Secret of the user's and what its keys are called, or plain values. */
function credentialsOf(...names: readonly string[]) {
  return object({
    existingSecret: z.string(),
    keys: object(Object.fromEntries(names.map(name => [name, z.string().min(1)]))),
    values: object(Object.fromEntries(names.map(name => [name, z.string()]))),
  })
}

/** The name of a header that is the name of a file and of a Secret's key, too. */
const headerName = z.string().regex(/^[A-Za-z0-9_-]+$/)

/** The same block for headers: by their names. */
const secretHeaders = object({
  existingSecret: z.string(),
  keys: z.record(headerName, z.string().min(1)),
  values: z.record(headerName, z.string()),
})

/** Of a sink: Secrets with certificates, and what is expected of the server's. */
const sinkTls = object({
  caSecret: z.string(),
  certSecret: z.string(),
  serverName: z.string(),
  insecureSkipVerify: z.boolean(),
})

/** The keys that every component with pods has. */
const podKeys = {
  image,
  securityContext: passedThrough,
  podSecurityContext: passedThrough,
  resources: passedThrough,
  env: z.record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/),
    z.union([z.string(), z.number(), z.boolean(), z.strictObject({ valueFrom: passedThrough })]),
  ),
  volumes: z.record(z.string(), passedThrough),
  volumeMounts: z.record(z.string().regex(/^\//), passedThrough),
  args: z.array(z.string()),
  containers: z.record(namePart.min(1), passedThrough),
  initContainers: z.record(namePart.min(1), passedThrough),
  probes: section({ startup: passedThrough, liveness: passedThrough, readiness: passedThrough }),
  annotations: strings,
  podLabels: strings,
  podAnnotations: strings,
  nodeSelector: strings,
  tolerations: z.array(passedThrough),
  affinity: passedThrough,
  priorityClassName: z.string(),
  dnsPolicy: z.string(),
  dnsConfig: passedThrough,
  hostAliases: z.array(passedThrough),
  updateStrategy: passedThrough,
  terminationGracePeriodSeconds: z.int().min(0),
  revisionHistoryLimit: z.int().min(0).optional(),
  serviceAccount: section({ create: z.boolean(), name: z.string(), annotations: strings }),
}

/** Of the Prometheus Operator. */
const monitor = section({
  enabled: z.boolean(),
  namespace,
  labels: strings,
  interval: shortDuration,
  relabelings: z.array(passedThrough),
  metricRelabelings: z.array(passedThrough),
})

/** When Helm removes a hook, one or several. */
const hookPolicies =
  /^(before-hook-creation|hook-succeeded|hook-failed)(,(before-hook-creation|hook-succeeded|hook-failed))*$/

const persistence = section({
  enabled: z.boolean(),
  size: quantity,
  storageClass: z.string(),
  keep: z.boolean(),
})

/** Names that values no longer have: let through, so that the chart can tell the new ones (chart/files/moved.yaml). */
const moved = { geo: passedThrough, convis: passedThrough }

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
    enabled: z.boolean(),
    maxPeers: z.int().min(1).max(1_000_000),
    podNetworks: z.array(z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/)),
    classify: section({
      enabled: z.boolean(),
      query: z.string(),
      interval: duration,
      maxAddresses: z.int().min(1).max(1_000_000),
    }),
  }),
  prometheus: section({
    ...podKeys,
    enabled: z.boolean(),
    url: httpUrl,
    upstream: section({
      credentials: credentialsOf('username', 'password', 'token'),
      tls: section(sinkTls.shape),
      headers: strings,
    }),
    scrapeInterval: shortDuration,
    outOfOrderWindow: duration,
    retention: section({ time: duration, size: bytes }),
    persistence,
  }),
  grafana: section({
    ...podKeys,
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
  extraObjects: z.record(z.string(), z.union([z.string(), passedThrough])),
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

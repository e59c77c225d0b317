import { z } from 'zod'
import { Settings } from '../../agent/settings.ts'

/** A map that users write: nothing in it is required. */
export const object = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).partial()

/**
 * A map that values.yaml has: Helm lays the user's values over it before it checks them. A key that is null is removed, so what
 * has no empty value is required; texts, lists and maps of the user's are empty without their key, which is what a line of YAML
 * with nothing behind it means.
 */
export function section(shape: z.ZodRawShape) {
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
export const passedThrough = z.record(z.string(), z.unknown())
export const strings = z.record(z.string(), z.string())
export const duration = z.string().regex(/^[1-9][0-9]*(s|m|h|d)$/)
/** Up to two minutes: the rules need two samples within five. The chart turns it into seconds. */
export const shortDuration = z.string().regex(/^([1-9][0-9]?s|1[01][0-9]s|120s|[12]m)$/)
export const bytes = z.string().regex(/^[1-9][0-9]*(KB|MB|GB|TB)$/)
const quantity = z.string().regex(/^[1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T)?$/)
export const httpUrl = z.string().regex(/^(https?:\/\/[^\s"\\]+)?$/)
export const namespace = z.string().regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/)
export const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
/** Two folders at least: the first is mounted, what is below it is the agent's. */
export const nodePath = z.string().regex(/^((\/[^/\s]+){2,})?$/)
/** The same, but it cannot be left out. */
export const spoolPath = z.string().regex(/^(\/[^/\s]+){2,}$/)
export const kernel = Settings.shape.kernel.unwrap().shape
export const labels = Settings.shape.labels.unwrap().shape
/** Addresses that begin alike: 192.0.2.0/24. */
export const network = z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/)
export const namePart = z.string().regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/)

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
export const places = object({ countries: z.array(country), asns: z.array(asn) })

export const pullSecrets = z.array(z.union([z.string(), z.strictObject({ name: z.string() })]))

export const image = section({
  registry: z.string(),
  repository: z.string().min(1),
  tag: z.string().regex(/^([a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})?$/),
  digest: z.string().regex(/^(sha256:[a-f0-9]{64})?$/),
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  pullSecrets,
})

/** The image of somebody else, whose version is not the chart's. */
export const othersImage = section({
  ...image.shape,
  tag: z.string().regex(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/),
})

/** The block wherever podatlas needs a secret: a Secret of the user's and what its keys are called, or plain values. */
export function credentialsOf(...names: readonly string[]) {
  return object({
    existingSecret: z.string(),
    keys: object(Object.fromEntries(names.map(name => [name, z.string().min(1)]))),
    values: object(Object.fromEntries(names.map(name => [name, z.string()]))),
  })
}

/** The name of a header that is the name of a file and of a Secret's key, too. */
const headerName = z.string().regex(/^[A-Za-z0-9_-]+$/)

/** The same block for headers: by their names. */
export const secretHeaders = object({
  existingSecret: z.string(),
  keys: z.record(headerName, z.string().min(1)),
  values: z.record(headerName, z.string()),
})
export const upstreamHeaders = section({
  existingSecret: z.string(),
  keys: z.record(headerName, z.string().min(1)),
})

/** Of a sink: Secrets with certificates, and what is expected of the server's. */
export const sinkTls = object({
  caSecret: z.string(),
  certSecret: z.string(),
  serverName: z.string(),
  insecureSkipVerify: z.boolean(),
})

/** The keys that every component with pods has. */
export const podKeys = {
  image,
  securityContext: passedThrough,
  podSecurityContext: passedThrough,
  resources: passedThrough,
  env: z.record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/),
    z.union([z.string(), z.number(), z.boolean(), z.strictObject({ valueFrom: passedThrough })]),
  ),
  envFrom: z.array(passedThrough),
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
  runtimeClassName: z.string(),
  dnsPolicy: z.string(),
  dnsConfig: passedThrough,
  hostAliases: z.array(passedThrough),
  updateStrategy: passedThrough,
  terminationGracePeriodSeconds: z.int().min(0),
  revisionHistoryLimit: z.int().min(0).optional(),
  serviceAccount: section({ create: z.boolean(), name: z.string(), annotations: strings }),
}

/** Of the Prometheus Operator. */
export const monitor = section({
  enabled: z.boolean(),
  namespace,
  labels: strings,
  interval: shortDuration,
  relabelings: z.array(passedThrough),
  metricRelabelings: z.array(passedThrough),
})

/** When Helm removes a hook, one or several. */
export const hookPolicies =
  /^(before-hook-creation|hook-succeeded|hook-failed)(,(before-hook-creation|hook-succeeded|hook-failed))*$/

const hostName = z.string().regex(/^([*][.])?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)

/** How a component's Service is reached, and what its load balancer is told. */
export const service = section({
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
  nodePort: z.int().min(0).max(65_535),
  annotations: strings,
  loadBalancerClass: z.string(),
  loadBalancerSourceRanges: z.array(network),
})

/** What leads to it from outside the cluster. */
export const outside = {
  service,
  ingress: section({
    enabled: z.boolean(),
    className: z.string(),
    annotations: strings,
    hosts: z.array(hostName),
    tlsSecret: z.string(),
  }),
  httpRoute: section({
    enabled: z.boolean(),
    parentRefs: z.array(passedThrough),
    hostnames: z.array(hostName),
    annotations: strings,
    filters: z.array(passedThrough),
  }),
}

export const persistence = section({
  enabled: z.boolean(),
  size: quantity,
  storageClass: z.string(),
  existingClaim: z.string(),
  annotations: strings,
  keep: z.boolean(),
})

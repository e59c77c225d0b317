type Fields = { readonly [name: string]: Fields | object }

/** Lists whose items are owned one by one, and what tells the items apart: `listMapKey` in k8s.io/api. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  conditions: ['type'],
  containers: ['name'],
  env: ['name'],
  hostIPs: ['ip'],
  ownerReferences: ['uid'],
  podIPs: ['ip'],
  ports: ['containerPort', 'protocol'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
}

const texts = new Map<string, string>()

/** `metadata.managedFields`, of which most of an object consists, made once for each key; see `jsonOf`. */
export function managedOnce(key: string, entries: () => readonly object[]): string {
  if (!texts.has(key)) texts.set(key, JSON.stringify(entries()))
  return `managed:${key}`
}

/** The JSON of what holds objects of the cluster. */
export function jsonOf(value: object): string {
  return JSON.stringify(value).replaceAll(/"managed:([^"]*)"/g, (_, key) => texts.get(key) ?? '')
}

/** An entry of `metadata.managedFields` for a writer that has set all of `owned`. */
export function managedFields(
  writer: { readonly manager: string; readonly time: string; readonly subresource?: string },
  owned: object,
): object {
  const { manager, time, subresource } = writer
  return {
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsOf(owned),
    ...(subresource !== undefined && { subresource }),
  }
}

function fieldsOf(value: object): Fields {
  return Object.fromEntries(
    Object.entries(value).map(([name, child]: [string, unknown]) => [
      `f:${name}`,
      childFields(name, child),
    ]),
  )
}

function childFields(name: string, child: unknown): Fields {
  const keys = KEYS[name]
  if (Array.isArray(child) && keys) {
    const items = child.filter(isObject)
    return {
      '.': {},
      ...Object.fromEntries(items.map(item => [keyOf(item, keys), { '.': {}, ...fieldsOf(item) }])),
    }
  }
  if (!isObject(child)) return {}
  return Object.keys(child).length === 0 ? {} : { '.': {}, ...fieldsOf(child) }
}

function keyOf(item: Readonly<Record<string, unknown>>, keys: readonly string[]): string {
  return `k:${JSON.stringify(Object.fromEntries(keys.map(key => [key, item[key]])))}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { z } from 'zod'
import { sinkSchemas } from '../../agent/sinks/options.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

/** What the chart has in place of the agent's settings: Secrets, which it mounts as files. */
type Filling = {
  readonly credentials: (names: readonly string[]) => JsonSchema
  readonly secretHeaders: JsonSchema
  readonly tls: JsonSchema
}

/** What `credentials` hold of each kind of sink, by the setting of the agent that the chart fills in with it. */
const credentialOf: Readonly<Record<string, string>> = {
  usernameFile: 'username',
  passwordFile: 'password',
  tokenFile: 'token',
  keyFile: 'licenseKey',
}

/** Settings of the agent that the chart does not show: it fills them in. */
const hidden = [
  'username',
  'usernameFile',
  'password',
  'passwordFile',
  'token',
  'tokenFile',
  'key',
  'keyFile',
  'headerFiles',
]

/** Name of a volume and of a Secret, too. */
const sinkName = '^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$'

/** Empty, or a URL without user and password: the configuration is a ConfigMap. */
const url = { type: 'string', pattern: '^(https?://[^\\s/@]+(/[^\\s]*)?)?$' } as const
const urls = ['endpoint', 'proxyUrl']
/** The same, or HOST:PORT. */
const urlOrHost = {
  type: 'string',
  pattern:
    '^(https?://[^\\s/@]+(/[^\\s]*)?|[^\\s/@:]+:[0-9]{1,5}|\\[[0-9a-fA-F:.]+\\]:[0-9]{1,5})?$',
} as const

/**
 * Schema of the map of sinks, made of the agent's own options. A chain of `if`, `then` and `else` gives the reader the one
 * reason that matters; a `oneOf` would list a failure for every type that was not meant.
 */
export function sinkSchema(filling: Filling): JsonSchema {
  const ofTypes = Object.entries(sinkSchemas).reduce<JsonSchema>(
    (otherTypes, [type, options]) => ({
      if: { properties: { type: { const: type } }, required: ['type'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: {
        additionalProperties: false,
        properties: { enabled: {}, type: {}, ...optionsOf(options, filling) },
      },
      else: otherTypes,
    }),
    {},
  )
  const types = Object.keys(sinkSchemas).toSorted()
  return {
    type: 'object',
    propertyNames: { pattern: sinkName },
    additionalProperties: {
      type: 'object',
      properties: { enabled: { type: 'boolean' }, type: { type: 'string', enum: types } },
      required: ['type'],
      ...ofTypes,
    },
  }
}

/** The agent's options as the chart shows them. `endpoint` may be empty: the chart has a default for it. */
function optionsOf(options: z.ZodType, filling: Filling): Record<string, JsonSchema> {
  const { properties = {} } = z.toJSONSchema(options, { target: 'draft-7', io: 'input' })
  const shown = Object.entries(properties).flatMap(([name, schema]) => {
    if (typeof schema === 'boolean' || name === 'type' || hidden.includes(name)) return []
    const { default: _default, format: _format, ...rest } = schema
    const { description = '' } = rest
    if (name === 'tls') return [[name, { ...filling.tls, description }] as const]
    if (name === 'endpoint' && rest.pattern !== undefined)
      return [[name, { description, ...urlOrHost }] as const]
    return [[name, urls.includes(name) ? { description, ...url } : rest] as const]
  })
  const names = Object.keys(properties).flatMap(name => credentialOf[name] ?? [])
  return {
    ...Object.fromEntries(shown),
    ...(names.length > 0 && { credentials: filling.credentials(names) }),
    ...('headerFiles' in properties && { secretHeaders: filling.secretHeaders }),
  }
}

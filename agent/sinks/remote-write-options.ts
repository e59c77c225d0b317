import { validateHeaderName, validateHeaderValue } from 'node:http'
import { z } from 'zod'

// Always ours: the protocol prescribes them, or node:http computes them.
const RESERVED_HEADERS = [
  'content-encoding',
  'content-type',
  'x-prometheus-remote-write-version',
  'user-agent',
  'content-length',
  'transfer-encoding',
  'connection',
  'host',
]

const NUMBERED = { 1: '1.0', 2: '2.0' } as const

export const RemoteWriteOptions = z
  .strictObject({
    type: z.literal('prometheus'),
    // Without `protocol`, "prometheus:9090" passes: a URL whose scheme is "prometheus".
    endpoint: z
      .url({ protocol: /^https?$/, error: 'use a URL like http://prometheus:9090/api/v1/write' })
      .describe('Where remote write requests are posted'),
    // As with udp in the config: a bare 2.0 of YAML is the number 2. In a list of their own, since
    // Helm's check of the chart's schema takes "1.0" and 1 in one list for equal.
    protocol: z
      .union([z.literal(['auto', '1.0', '2.0']), z.literal([1, 2])], 'use auto, "1.0" or "2.0"')
      .default('auto')
      .transform(version => (typeof version === 'number' ? NUMBERED[version] : version))
      .describe(
        'Version of remote write: auto is 2.0, and 1.0 once the receiver turns out not to know it',
      ),
    username: z.string().default('').describe('User name of Basic authentication'),
    usernameFile: z
      .string()
      .default('')
      .describe('File with the user name, read before each request'),
    password: z
      .string()
      .default('')
      .describe('Password; passwordFile keeps it out of the settings'),
    passwordFile: z
      .string()
      .default('')
      .describe('File with the password, read before each request'),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .describe('Further request headers, such as X-Scope-OrgID'),
    queueLimit: z.int().min(1).default(100_000).describe('Samples held while the endpoint is down'),
  })
  .superRefine((options, faults) => {
    const fault = (path: string[], message: string) =>
      faults.addIssue({ code: 'custom', path, message })
    const { username, usernameFile, password, passwordFile, headers } = options
    if (hasUserInfo(options.endpoint))
      fault(['endpoint'], 'put the user name and password into username and password, not the URL')
    if (username !== '' && usernameFile !== '')
      fault(['usernameFile'], 'set either username or usernameFile, not both')
    if (password !== '' && passwordFile !== '')
      fault(['passwordFile'], 'set either password or passwordFile, not both')
    const hasUsername = username !== '' || usernameFile !== ''
    const hasPassword = password !== '' || passwordFile !== ''
    if (hasUsername && !hasPassword)
      fault(['password'], 'a user name is set: set password or passwordFile too')
    if (!hasUsername && hasPassword)
      fault(['username'], 'a password is set: set username or usernameFile too')
    for (const [name, value] of Object.entries(headers)) {
      const message = headerFault(name, value, hasUsername)
      if (message) fault(['headers', name], message)
    }
  })

export type RemoteWriteOptions = z.output<typeof RemoteWriteOptions>

function hasUserInfo(endpoint: string): boolean {
  const url = URL.parse(endpoint)
  return url !== null && (url.username !== '' || url.password !== '')
}

function headerFault(name: string, value: string, hasUsername: boolean): string | undefined {
  if (RESERVED_HEADERS.includes(name.toLowerCase()))
    return `${name} is set by the agent: remove it from headers`
  if (name.toLowerCase() === 'authorization' && hasUsername)
    return `set either ${name} or username and password, not both`
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    // The thrown message may quote the value, which may be a secret.
    return 'not a valid HTTP header name or value'
  }
  return undefined
}

import { validateHeaderName, validateHeaderValue } from 'node:http'
import { z } from 'zod'
import { duration } from '../../duration.ts'

// Always ours: node:http computes them, they are about one connection, or the protocol prescribes them.
const RESERVED_HEADERS = [
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]

const NO_HEADER = 'is no header that HTTP knows. Correct its name and value'
const PROXY = 'use a URL like http://proxy:3128'

const text = (what: string) => z.string().default('').describe(what)

const Tls = z.strictObject({
  caFile: text('File with the CA certificates to trust instead of the well-known ones, PEM'),
  certFile: text('File with the client certificate and what stands above it, PEM'),
  keyFile: text('File with the key of the client certificate, PEM'),
  serverName: text('Name the certificate must have, if not that of the endpoint'),
  insecureSkipVerify: z.boolean().default(false).describe('Take whatever certificate comes'),
})

/** What can be set of every sink that speaks HTTP; `example` is an endpoint of its protocol. */
export function httpShape(example: string) {
  return {
    // Without `protocol`, "prometheus:9090" passes: a URL whose scheme is "prometheus".
    endpoint: z
      .url({ protocol: /^https?$/, error: `use a URL like ${example}` })
      .describe('Where requests are posted'),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .describe('Further request headers, such as X-Scope-OrgID'),
    headerFiles: z
      .record(z.string(), z.string().min(1, 'name the file that holds the value'))
      .default({})
      .describe('Further request headers by files with their values, read before each request'),
    username: text('User name of Basic authentication'),
    usernameFile: text('File with the user name, read before each request'),
    password: text('Password; passwordFile keeps it out of the settings'),
    passwordFile: text('File with the password, read before each request'),
    token: text('Bearer token; tokenFile keeps it out of the settings'),
    tokenFile: text('File with the bearer token, read before each request'),
    tls: Tls.prefault({}).describe('For an endpoint of https; files are read before each request'),
    proxyUrl: z
      .union([z.literal(''), z.url({ protocol: /^https?$/, error: PROXY })], PROXY)
      .default('')
      .describe('Proxy to go through; empty: HTTPS_PROXY or HTTP_PROXY, unless NO_PROXY says no'),
    timeout: duration('100ms', '5m')
      .prefault('30s')
      .describe('How long a request may take, up to the end of its answer'),
  }
}

/** Parsed; `timeout` is in ms by then, and `proxyUrl` is the proxy of the environment where none is set. */
export type HttpOptions = z.output<z.ZodObject<ReturnType<typeof httpShape>>>

/** Of those what does not say who asks: a protocol may have credentials of its own. */
export type HttpTransport = Omit<
  HttpOptions,
  'username' | 'usernameFile' | 'password' | 'passwordFile' | 'token' | 'tokenFile'
>

/** Faults in what settings say together, found beside those in each of them: for `superRefine`. */
export function httpFaults(reservedHeaders: readonly string[] = []) {
  const reserved = [...RESERVED_HEADERS, ...reservedHeaders]
  return (options: object, faults: z.core.$RefinementCtx): void => {
    const fault = (path: string[], message: string) =>
      faults.addIssue({ code: 'custom', path, message })
    const given = givenOf(options)
    urlFaults(given, fault)
    credentialFaults(given, fault)
    tlsFaults(given, fault)
    headerFaults(given, reserved, fault)
  }
}

/** With it, `superRefine` looks at settings that have other faults already. */
export const DESPITE_FAULTS = {
  when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null,
}

type Given = Readonly<Record<string, unknown>>
type Report = (path: string[], message: string) => void

/** Settings that say something: neither absent nor empty. */
function givenOf(options: object): Given {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ''))
}

function recordOf(value: unknown): Given {
  return typeof value === 'object' && value !== null ? givenOf(value) : {}
}

function urlFaults({ endpoint, proxyUrl }: Given, fault: Report): void {
  const url = URL.parse(String(endpoint))
  if (url !== null && url.username + url.password !== '')
    fault(['endpoint'], 'put the user name and password into username and password, not the URL')
  const proxy = URL.parse(String(proxyUrl))
  if (proxy !== null && !canDecode(`${proxy.username}${proxy.password}`))
    fault(['proxyUrl'], 'write a % in its user name or password as %25')
}

function credentialFaults(given: Given, fault: Report): void {
  for (const name of ['username', 'password', 'token'])
    if (name in given && `${name}File` in given)
      fault([`${name}File`], `set either ${name} or ${name}File, not both`)
  const hasUsername = 'username' in given || 'usernameFile' in given
  const hasPassword = 'password' in given || 'passwordFile' in given
  if (hasUsername && !hasPassword)
    fault(['password'], 'a user name is set: set password or passwordFile too')
  if (!hasUsername && hasPassword)
    fault(['username'], 'a password is set: set username or usernameFile too')
  if (String(given.username).includes(':'))
    fault(
      ['username'],
      'holds a colon, which no user name of Basic authentication may. Use another one',
    )
  if ((hasUsername || hasPassword) && hasToken(given))
    fault(['token' in given ? 'token' : 'tokenFile'], 'set either a token or a user name, not both')
  if ('token' in given && !isHeaderValue(given.token))
    fault(
      ['token'],
      'holds what no HTTP header may hold, such as a line break. Write the token alone',
    )
}

function tlsFaults({ endpoint, tls }: Given, fault: Report): void {
  const { insecureSkipVerify, ...given } = recordOf(tls)
  const [first] = Object.keys(given)
  if (String(endpoint).startsWith('http:') && (first !== undefined || insecureSkipVerify === true))
    fault(
      ['tls', first ?? 'insecureSkipVerify'],
      'is for an endpoint of https, and this is of http. Remove it, or use https',
    )
  if ('certFile' in given && !('keyFile' in given))
    fault(['tls', 'keyFile'], 'a client certificate is set: set the file with its key too')
  if ('keyFile' in given && !('certFile' in given))
    fault(['tls', 'certFile'], 'the key of a client certificate is set: set certFile too')
}

/** Of `headers` and `headerFiles`, which are one set of names, whatever their case. */
function headerFaults(given: Given, reserved: readonly string[], fault: Report): void {
  const places = new Map<string, string>()
  for (const setting of ['headers', 'headerFiles'])
    for (const [name, value] of Object.entries(recordOf(given[setting]))) {
      const before = places.get(name.toLowerCase())
      places.set(name.toLowerCase(), `${setting}.${name}`)
      const message =
        before === undefined
          ? headerFault(name, setting === 'headers' ? value : '', reserved, given)
          : `is the same header as ${before}: keep one of them`
      if (message) fault([setting, name], message)
    }
}

function headerFault(
  name: string,
  value: unknown,
  reserved: readonly string[],
  given: Given,
): string | undefined {
  if (reserved.includes(name.toLowerCase())) return `${name} is set by the agent: remove it`
  const hasCredentials = 'username' in given || 'usernameFile' in given || hasToken(given)
  if (name.toLowerCase() === 'authorization' && hasCredentials)
    return `set either ${name} or ${hasToken(given) ? 'a token' : 'username and password'}, not both`
  try {
    validateHeaderName(name)
  } catch {
    return NO_HEADER
  }
  return isHeaderValue(value) ? undefined : NO_HEADER
}

function hasToken(given: Given): boolean {
  return 'token' in given || 'tokenFile' in given
}

/** Whether it may stand in a header. */
export function isHeaderValue(value: unknown): boolean {
  try {
    validateHeaderValue('x', String(value))
    return true
  } catch {
    // What is thrown may quote the value, which may be a secret.
    return false
  }
}

function canDecode(encoded: string): boolean {
  try {
    return decodeURIComponent(encoded) !== undefined
  } catch {
    return false
  }
}

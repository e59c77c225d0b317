import { validateHeaderName, validateHeaderValue } from 'node:http'
import { z } from 'zod'
import type { Flags } from '../program/command-line.ts'
import { httpUrl } from '../program/fields.ts'

const File = z.string().min(1, 'name a file')

/** How Prometheus is asked: keys of a config file. Files are read again when they change. */
export const upstreamShape = {
  prometheus: httpUrl('http://prometheus:9090'),
  username: z.string().min(1, 'is empty; leave it out').optional(),
  usernameFile: File.optional(),
  passwordFile: File.optional(),
  bearerTokenFile: File.optional(),
  caFile: File.optional(),
  certFile: File.optional(),
  keyFile: File.optional(),
  serverName: z.string().min(1, 'is empty; leave it out').optional(),
  insecureSkipVerify: z.boolean().default(false),
  headers: z.record(z.string(), z.string()).default({}),
  headerFiles: z.record(z.string(), File).default({}),
}

export type Upstream = z.output<z.ZodObject<typeof upstreamShape>>

/** A Prometheus that wants neither credentials nor certificates of its own. */
export function openUpstream(prometheus: string): Upstream {
  return { prometheus, insecureSkipVerify: false, headers: {}, headerFiles: {} }
}

type Fault = (key: string, message: string) => void

/** Tells of what cannot be together. */
export function checkUpstream(upstream: Partial<Upstream>, fault: Fault): void {
  const { username, usernameFile, passwordFile, bearerTokenFile, certFile, keyFile } = upstream
  const hasUser = username !== undefined || usernameFile !== undefined
  if (username !== undefined && usernameFile !== undefined) {
    fault('usernameFile', 'goes without username; remove one')
  }
  if (hasUser && passwordFile === undefined)
    fault('passwordFile', 'is missing; it goes with a user')
  if (passwordFile !== undefined && !hasUser)
    fault('username', 'is missing; it goes with a password')
  if (bearerTokenFile !== undefined && hasUser) {
    fault('bearerTokenFile', 'goes without a user; remove one')
  }
  if (certFile !== undefined && keyFile === undefined)
    fault('keyFile', 'is missing; it goes with certFile')
  if (keyFile !== undefined && certFile === undefined)
    fault('certFile', 'is missing; it goes with keyFile')
  if (upstream.prometheus?.startsWith('http:')) {
    for (const key of ['caFile', 'certFile', 'serverName', 'insecureSkipVerify'] as const) {
      if (upstream[key]) fault(key, 'needs a URL that begins with https://')
    }
  }
  checkHeaders(upstream, hasUser || bearerTokenFile !== undefined, fault)
}

// Without these no request would be one, or its answer could not be read.
const ownHeaders = [
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
]

function checkHeaders(
  { headers = {}, headerFiles = {} }: Partial<Upstream>,
  hasCredentials: boolean,
  fault: Fault,
): void {
  const taken = new Set([...ownHeaders, ...(hasCredentials ? ['authorization'] : [])])
  const given = [
    ...Object.entries(headers).map(([name, value]) => ['headers', name, value] as const),
    ...Object.keys(headerFiles).map(name => ['headerFiles', name, ''] as const),
  ]
  for (const [key, name, value] of given) {
    if (taken.has(name.toLowerCase())) fault(key, `${name} is set already; remove it`)
    else if (!isHeader(name, value))
      fault(key, `${name} is no name of a header, or its value no text`)
    else taken.add(name.toLowerCase())
  }
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

export const upstreamFlags: Flags = {
  username: { key: 'username', value: 'NAME', help: 'user at Prometheus, by Basic authentication' },
  'username-file': { key: 'usernameFile', value: 'FILE', help: 'the same from a file' },
  'password-file': {
    key: 'passwordFile',
    value: 'FILE',
    help: 'password of that user; this and all files below are read again when they change',
  },
  'bearer-token-file': { key: 'bearerTokenFile', value: 'FILE', help: 'token, instead of a user' },
  'ca-file': {
    key: 'caFile',
    value: 'FILE',
    help: 'authorities that Prometheus may be certified by',
  },
  'cert-file': { key: 'certFile', value: 'FILE', help: 'certificate to show to Prometheus' },
  'key-file': { key: 'keyFile', value: 'FILE', help: 'key of that certificate' },
  'server-name': {
    key: 'serverName',
    value: 'NAME',
    help: "name that Prometheus' certificate must have (default: the URL's host)",
  },
  'insecure-skip-verify': {
    key: 'insecureSkipVerify',
    help: 'take any certificate: whoever is in between can read and change everything',
  },
  header: {
    key: 'headers',
    value: 'NAME=VALUE',
    isMap: true,
    help: 'header for Prometheus, such as X-Scope-OrgID=team; repeatable',
  },
  'header-file': {
    key: 'headerFiles',
    value: 'NAME=FILE',
    isMap: true,
    help: 'the same with the value in a file; repeatable',
  },
}

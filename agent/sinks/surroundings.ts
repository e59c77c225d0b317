import { statSync } from 'node:fs'
import { FileFault, readSecret, readSetting } from './http/files.ts'
import { proxyOf } from './http/proxy.ts'
import { readCa, readPair } from './http/tls.ts'
import { sinkOptions, type SinkOptions } from './options.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What is wrong with a setting, by its path below the sink. */
export type SettingFault = { readonly path: readonly string[]; readonly message: string }

/**
 * Faults of a sink that only this machine can tell: files that are not as they must be, a proxy of the
 * environment that is none. `options` are as people wrote them, so that these faults are told beside all
 * others.
 */
export function surroundingFaults(options: unknown, env: Environment): SettingFault[] {
  if (!isRecord(options)) return []
  const tls = isRecord(options.tls) ? options.tls : {}
  const headerFiles = isRecord(options.headerFiles) ? options.headerFiles : {}
  const tlsFiles = filesOf(tls)
  const secretFiles = [...filesOf(options), ...filesByHeader(headerFiles)]
  const inReach = faultsOf([
    ...secretFiles.map(
      ([name, file]) =>
        () =>
          readSecret(name, regular(name, file)),
    ),
    ...tlsFiles.map(
      ([name, file]) =>
        () =>
          readSetting(`tls.${name}`, regular(`tls.${name}`, file)),
    ),
  ])
  const { caFile = '', certFile = '', keyFile = '' } = Object.fromEntries(tlsFiles)
  const isUnread = (name: string) => inReach.some(({ path }) => path.join('.') === `tls.${name}`)
  const unusable = faultsOf([
    () => (isUnread('caFile') ? {} : readCa(caFile)),
    () => (isUnread('certFile') || isUnread('keyFile') ? {} : readPair(certFile, keyFile)),
  ])
  return [...inReach, ...unusable, ...proxyFaults(options, env)]
}

/** The same sink, with the proxy of the environment where its own settings name none. */
export function withProxy<Options extends SinkOptions>(
  options: Options,
  env: Environment,
): Options {
  if (!('proxyUrl' in options) || options.proxyUrl !== '') return options
  return { ...options, proxyUrl: proxyOf(new URL(options.endpoint), env) }
}

function proxyFaults(options: Record<string, unknown>, env: Environment): SettingFault[] {
  const url = URL.parse(endpointOf(options))
  if (url === null || !/^https?:$/.test(url.protocol) || (options.proxyUrl ?? '') !== '') return []
  const proxy = proxyOf(url, env)
  const parsed = URL.parse(proxy)
  if (proxy === '' || (parsed !== null && /^https?:$/.test(parsed.protocol) && canDecode(parsed)))
    return []
  // It may hold a password.
  const message =
    'the proxy of the environment is none. Write HTTPS_PROXY and HTTP_PROXY like http://proxy:3128'
  return [{ path: ['proxyUrl'], message }]
}

/** As the sink will have it; as it was written, where something else is wrong. */
function endpointOf(options: Record<string, unknown>): string {
  const { data = options } = sinkOptions.safeParse(options)
  return 'endpoint' in data ? String(data.endpoint) : ''
}

function faultsOf(checks: readonly (() => unknown)[]): SettingFault[] {
  return checks.flatMap(check => {
    try {
      check()
      return []
    } catch (error) {
      if (!(error instanceof FileFault)) throw error
      return [{ path: error.setting.split('.'), message: error.message }]
    }
  })
}

/** Every setting that names a file does so in its own name. */
function filesOf(options: Record<string, unknown>): [name: string, file: string][] {
  return Object.entries(options).flatMap(([name, file]) =>
    name.endsWith('File') && typeof file === 'string' && file !== '' ? [[name, file]] : [],
  )
}

/** The same for files that are listed by the header whose value they hold. */
function filesByHeader(headerFiles: Record<string, unknown>): [name: string, file: string][] {
  return Object.entries(headerFiles).flatMap(([name, file]) =>
    typeof file === 'string' && file !== '' ? [[`headerFiles.${name}`, file]] : [],
  )
}

/** Reading a pipe would wait for ever. */
function regular(setting: string, file: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found || found.isFile()) return file
  throw new FileFault(setting, `${file} is no regular file. Name the file itself`)
}

function canDecode({ username, password }: URL): boolean {
  try {
    return decodeURIComponent(`${username}${password}`) !== undefined
  } catch {
    return false
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

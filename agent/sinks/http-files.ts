import { readFile } from 'node:fs/promises'
import type { HttpOptions } from './http-options.ts'

const REASONS = {
  usernameFile: 'username_file',
  passwordFile: 'password_file',
  tokenFile: 'token_file',
  licenseKeyFile: 'license_key_file',
  'tls.caFile': 'ca_file',
  'tls.certFile': 'cert_file',
  'tls.keyFile': 'key_file',
} as const

export type FileSetting = keyof typeof REASONS
export type FileReason = (typeof REASONS)[FileSetting]

/** A file of the settings is no good now. Mounted Secrets change under a running agent, so it may be later. */
export class FileFault extends Error {
  readonly setting: FileSetting
  /** A label value. */
  readonly reason: FileReason

  constructor(setting: FileSetting, message: string) {
    super(message)
    this.setting = setting
    this.reason = REASONS[setting]
  }
}

export type Authorization = { readonly authorization?: string }

/** The header for what the settings and their files say at this moment. Throws `FileFault`. */
export async function readAuthorization(options: HttpOptions): Promise<Authorization> {
  const token = options.token || (await readSecret('tokenFile', options.tokenFile))
  if (token !== '') return { authorization: `Bearer ${token}` }
  const username = options.username || (await readSecret('usernameFile', options.usernameFile))
  if (username === '') return {}
  const password = options.password || (await readSecret('passwordFile', options.passwordFile))
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  return { authorization: `Basic ${basic}` }
}

/** What a file holds, without the line break at its end; nothing where no file is named. Throws `FileFault`. */
async function readSecret(setting: FileSetting, file: string): Promise<string> {
  if (file === '') return ''
  const secret = (await readSetting(setting, file)).replace(/\r?\n$/, '')
  if (secret === '') throw new FileFault(setting, `${file} is empty`)
  // It goes into a header. The message must not quote it.
  if (/[^\t\x20-\x7e\x80-\uffff]/.test(secret))
    throw new FileFault(setting, `${file} holds a line break or another control character`)
  return secret
}

export async function readSetting(setting: FileSetting, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    // ENOENT: no such file or directory, open '/run/password'
    throw new FileFault(setting, error instanceof Error ? error.message : String(error))
  }
}

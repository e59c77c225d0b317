import { readFileSync } from 'node:fs'
import type { HttpOptions } from './options.ts'

export type FileReason = `${string}_file`

/**
 * A file of the settings is no good now. Mounted Secrets change under a running agent, so it may be later.
 * The message says what is wrong and what to do, and nothing of what a file holds.
 */
export class FileFault extends Error {
  /** Such as `tls.caFile`. */
  readonly setting: string

  constructor(setting: string, message: string) {
    super(message)
    this.setting = setting
  }

  /** A label value, such as `ca_file`. */
  get reason(): FileReason {
    // By the setting, not by the header: its names are anybody's.
    if (this.setting.startsWith('headerFiles.')) return 'header_file'
    const name = this.setting.replace(/^.*\./, '').replace(/File$/, '')
    return `${name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)}_file`
  }
}

export type Authorization = { readonly authorization?: string }

/** The header for what the settings and their files say at this moment. Throws `FileFault`. */
export function readAuthorization(options: HttpOptions): Authorization {
  const token = options.token || readSecret('tokenFile', options.tokenFile)
  if (token !== '') return { authorization: `Bearer ${token}` }
  const username = options.username || readSecret('usernameFile', options.usernameFile)
  if (username === '') return {}
  const password = options.password || readSecret('passwordFile', options.passwordFile)
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  return { authorization: `Basic ${basic}` }
}

/** The headers whose values stand in files, as they are at this moment. Throws `FileFault`. */
export function readHeaders({ headerFiles }: Pick<HttpOptions, 'headerFiles'>) {
  return Object.fromEntries(
    Object.entries(headerFiles).map(([name, file]) => [
      name,
      readSecret(`headerFiles.${name}`, file),
    ]),
  )
}

/** What a file holds, without the line break at its end; nothing where no file is named. Throws `FileFault`. */
export function readSecret(setting: string, file: string): string {
  if (file === '') return ''
  const secret = readSetting(setting, file).replace(/\r?\n$/, '')
  if (secret === '') throw new FileFault(setting, `${file} is empty. Put the value into it`)
  if (setting !== 'passwordFile' && !isHeaderText(secret)) {
    const what = 'a line break or another character that no HTTP header may hold'
    throw new FileFault(setting, `${file} holds ${what}. Put nothing but the value into it`)
  }
  return secret
}

/** The text of a file. Some microseconds: it is small, and on this machine. */
export function readSetting(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const fix =
      code === 'EACCES' ? 'Let the user of the agent read it' : 'Mount it there or correct the path'
    throw new FileFault(setting, `cannot read ${file} (${code}). ${fix}`)
  }
}

/** As node:http has it: bytes above 7f are allowed, those below 20 are not, but for the tab. */
function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}

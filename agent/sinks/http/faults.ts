import type { FileReason } from './files.ts'
import { messageOf } from '../../message-of.ts'

/** Few and stable: they become a metric label. Each may pass, so each deserves a retry. */
export type Fault =
  | 'timeout'
  | 'refused'
  | 'reset'
  | 'dns'
  | 'tls'
  | 'proxy'
  | 'network'
  | FileReason

// Codes of Node, and those of OpenSSL for certificates that do not convince.
const TLS_CODE =
  /^ERR_TLS|^ERR_SSL|^EPROTO|CERT|SIGN|CRL|^UNABLE_TO|^INVALID_|^PATH_LENGTH|^HOSTNAME/

/** What kind of fault an error of a connection is. */
export function faultOf(error: unknown): Fault {
  const code = codeOf(error)
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns'
  if (code === 'ETIMEDOUT') return 'timeout'
  if (code === 'ERR_PROXY_TUNNEL') return 'proxy'
  if (TLS_CODE.test(code)) return 'tls'
  return 'network'
}

/** Its message; several addresses that all failed have none, but a code. */
export function reasonOf(error: unknown): string {
  return messageOf(error) || codeOf(error)
}

/** A text of a stranger, for a line of the log. */
export function onOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

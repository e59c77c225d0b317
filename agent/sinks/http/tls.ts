import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { Agent, type AgentOptions } from 'node:https'
import { createSecureContext } from 'node:tls'
import { FileFault, readSetting } from './files.ts'
import type { HttpOptions } from './options.ts'

type Tls = HttpOptions['tls']

/** What the files of the settings hold, checked; a setting without a file is absent. */
export type TlsFiles = { readonly ca?: string; readonly cert?: string; readonly key?: string }

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** Throws `FileFault` for what cannot be read and for what TLS cannot use. */
export function readTlsFiles({ caFile, certFile, keyFile }: Tls): TlsFiles {
  return { ...readCa(caFile), ...readPair(certFile, keyFile) }
}

/** Trusted instead of the well-known ones; nothing where no file is named. Throws `FileFault`. */
export function readCa(caFile: string): { readonly ca?: string } {
  if (caFile === '') return {}
  const ca = readSetting('tls.caFile', caFile)
  certificatesIn('tls.caFile', caFile, ca)
  return { ca }
}

/** The client's certificate and its key; nothing where no file is named. Throws `FileFault`. */
export function readPair(certFile: string, keyFile: string): Omit<TlsFiles, 'ca'> {
  if (certFile === '' || keyFile === '') return {}
  const cert = readSetting('tls.certFile', certFile)
  const key = readSetting('tls.keyFile', keyFile)
  const [own] = certificatesIn('tls.certFile', certFile, cert)
  if (own?.checkPrivateKey(keyIn(keyFile, key))) return { cert, key }
  const message = `${keyFile} is not the key of the certificate in ${certFile}. Give both of one pair`
  throw new FileFault('tls.keyFile', message)
}

/** Options of a TLS connection, for HTTP of any version. */
export function tlsOptions(files: TlsFiles, { serverName, insecureSkipVerify }: Tls) {
  return {
    secureContext: createSecureContext(files),
    rejectUnauthorized: !insecureSkipVerify,
    ...(serverName !== '' && { servername: serverName }),
  }
}

export function tlsAgent(files: TlsFiles, tls: Tls, options: AgentOptions): Agent {
  return new Agent({ ...options, ...tlsOptions(files, tls) })
}

function certificatesIn(setting: string, file: string, text: string): X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? []
  const fix = 'Give one that begins with -----BEGIN CERTIFICATE-----'
  if (blocks.length === 0)
    throw new FileFault(setting, `${file} holds no certificate in PEM. ${fix}`)
  try {
    return blocks.map(block => new X509Certificate(block))
  } catch {
    throw new FileFault(setting, `${file} holds a certificate that is damaged. Copy it anew`)
  }
}

function keyIn(file: string, text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    // What is thrown may say more of the key than anybody should read.
    const message = `${file} holds no key in PEM, or one with a passphrase. Give one without`
    throw new FileFault('tls.keyFile', message)
  }
}

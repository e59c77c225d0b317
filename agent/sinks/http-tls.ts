import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { Agent, type AgentOptions } from 'node:https'
import { createSecureContext } from 'node:tls'
import { FileFault, readSetting, type FileSetting } from './http-files.ts'
import type { HttpOptions } from './http-options.ts'

type Tls = HttpOptions['tls']

/** What the files of the settings hold, checked; a setting without a file is absent. */
export type TlsFiles = { readonly ca?: string; readonly cert?: string; readonly key?: string }

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** Throws `FileFault` for what cannot be read and for what a TLS library would not take. */
export async function readTlsFiles({ caFile, certFile, keyFile }: Tls): Promise<TlsFiles> {
  const ca = caFile === '' ? undefined : await readSetting('tls.caFile', caFile)
  if (ca !== undefined) certificatesIn('tls.caFile', caFile, ca)
  if (certFile === '' || keyFile === '') return { ...(ca !== undefined && { ca }) }
  const cert = await readSetting('tls.certFile', certFile)
  const key = await readSetting('tls.keyFile', keyFile)
  const [own] = certificatesIn('tls.certFile', certFile, cert)
  if (!own?.checkPrivateKey(keyIn(keyFile, key)))
    throw new FileFault(
      'tls.keyFile',
      `${keyFile} is not the key of the certificate in ${certFile}`,
    )
  return { ...(ca !== undefined && { ca }), cert, key }
}

/** Options of a TLS connection, for HTTP of any version. */
function tlsOptions(files: TlsFiles, { serverName, insecureSkipVerify }: Tls) {
  return {
    secureContext: createSecureContext(files),
    rejectUnauthorized: !insecureSkipVerify,
    ...(serverName !== '' && { servername: serverName }),
  }
}

export function tlsAgent(files: TlsFiles, tls: Tls, options: AgentOptions): Agent {
  return new Agent({ ...options, ...tlsOptions(files, tls) })
}

function certificatesIn(setting: FileSetting, file: string, text: string): X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? []
  if (blocks.length === 0) throw new FileFault(setting, `${file} holds no certificate in PEM`)
  try {
    return blocks.map(block => new X509Certificate(block))
  } catch {
    throw new FileFault(setting, `${file} holds a certificate that is damaged`)
  }
}

function keyIn(file: string, text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    // What is thrown says nothing of the key, and nothing that helps.
    throw new FileFault('tls.keyFile', `${file} holds no key in PEM, or one with a passphrase`)
  }
}

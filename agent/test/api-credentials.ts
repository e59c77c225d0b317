import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What an API server on loopback needs, and the files by which its clients trust it and are known to it. */
export type ApiCredentials = Disposable & {
  readonly key: Buffer
  readonly cert: Buffer
  readonly caFile: string
  /** Writes the token of a client, or another one for it, and gives the file's path. */
  readonly tokenFile: (client: string, token: string) => string
}

export function makeApiCredentials(): ApiCredentials {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-api-'))
  const file = (name: string) => join(folder, name)
  const subject = ['-subj', '/CN=podatlas test', '-addext', 'subjectAltName=IP:127.0.0.1']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-keyout', file('key.pem'), '-out', file('ca.crt')]
  execFileSync('openssl', ['req', '-x509', '-days', '1', ...key, ...subject, ...files], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return {
    key: readFileSync(file('key.pem')),
    cert: readFileSync(file('ca.crt')),
    caFile: file('ca.crt'),
    tokenFile: (client, token) => {
      writeFileSync(file(client), token)
      return file(client)
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key, as files and as what they hold. */
export type Pair = {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
}

/** An authority of its own, made by openssl; its files go when it is disposed. */
export type Authority = Disposable & {
  readonly caFile: string
  readonly ca: string
  /** Signs a certificate for these names (`DNS:a.example` or `IP:127.0.0.1`). */
  readonly issue: (altName: string, when?: 'now' | 'long ago') => Pair
}

// `openssl ca` alone, in every version that is about, signs for a time that is over.
const CONFIG = `
[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
`
const TIMES = {
  now: ['-days', '2'],
  'long ago': ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'],
}

export function makeAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-authority-'))
  const file = (name: string) => join(folder, name)
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  writeFileSync(file('ca.conf'), CONFIG)
  writeFileSync(file('index.txt'), '')
  const self = ['-x509', '-days', '2', ...newKey, '-subj', '/CN=podatlas test CA']
  openssl('req', ...self, '-keyout', 'ca.key', '-out', 'ca.crt')
  let issued = 0
  return {
    caFile: file('ca.crt'),
    ca: readFileSync(file('ca.crt'), 'utf8'),
    issue: (altName, when = 'now') => {
      issued += 1
      const [cert, key, request, extensions] = ['crt', 'key', 'csr', 'ext'].map(
        kind => `${issued}.${kind}`,
      )
      if (!cert || !key || !request || !extensions) throw new Error('four names were made')
      openssl('req', ...newKey, '-subj', `/CN=number ${issued}`, '-keyout', key, '-out', request)
      writeFileSync(file(extensions), `subjectAltName=${altName}\n`)
      const signer = ['-config', 'ca.conf', '-cert', 'ca.crt', '-keyfile', 'ca.key', '-notext']
      const what = ['-in', request, '-out', cert, '-extfile', extensions, ...TIMES[when]]
      openssl('ca', '-batch', ...signer, ...what)
      return {
        certFile: file(cert),
        keyFile: file(key),
        cert: readFileSync(file(cert), 'utf8'),
        key: readFileSync(file(key), 'utf8'),
      }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

import { afterAll } from 'vitest'
import { makeAuthority } from './certificates.ts'

/** Two authorities, and a server's and a client's certificate of the first; all gone with the test file. */
export function twoAuthorities() {
  const authority = makeAuthority()
  const another = makeAuthority()
  afterAll(() => {
    authority[Symbol.dispose]()
    another[Symbol.dispose]()
  })
  return {
    authority,
    another,
    ofLoopback: authority.issue('IP:127.0.0.1'),
    ofClient: authority.issue('DNS:client.example'),
  }
}

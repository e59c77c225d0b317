import { join } from 'node:path'
import type { Component } from '../image/component.ts'
import { version } from '../image/version.ts'
import { sha256Of } from './checksums.ts'

type Subject = { readonly name: string; readonly digest: { readonly sha256: string } }

const lockFile = join(import.meta.dirname, '../../package-lock.json')

/** A statement of in-toto about how these were made, as SLSA's provenance has it. Nobody has signed it, and it says so. */
export function provenance(
  subjects: readonly Subject[],
  revision: string,
  components: readonly Component[],
): object {
  const debian = new Map(
    components
      .filter(({ kind }) => kind === 'deb')
      .map(({ purl, checksum }) => [purl, checksum?.value]),
  )
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects,
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:podatlas:npm-run-package:v1',
        externalParameters: { command: 'npm run package', version },
        internalParameters: {
          note: 'Made on the machine of whoever ran the command, and not signed: it proves nothing by itself.',
        },
        resolvedDependencies: [
          {
            name: 'source',
            uri: `git+https://github.com/podatlas/podatlas@${revision}`,
            digest: gitCommit(revision),
          },
          { name: 'package-lock.json', digest: { sha256: sha256Of(lockFile) } },
          ...[...debian].map(([uri, sha256]) => ({ uri, digest: { sha256 } })),
        ],
      },
      runDetails: { builder: { id: 'urn:podatlas:builder:unsigned' } },
    },
  }
}

/** None where files differ from the commit. */
function gitCommit(revision: string) {
  return /^[0-9a-f]{40}$/.test(revision) ? { gitCommit: revision } : {}
}

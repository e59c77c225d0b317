import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const indexType = 'application/vnd.oci.image.index.v1+json'
const Descriptor = z.object({ mediaType: z.string(), digest: z.string(), size: z.int() })
const Index = z.object({
  manifests: z.array(Descriptor.extend({ annotations: z.record(z.string(), z.string()) })),
})

/**
 * Makes the images of an OCI layout, each under its architecture as a name, one image for all of them
 * under the name `tag`. Gives the digest of their index.
 */
export function joinArchitectures(layout: string, tag: string): string {
  const file = join(layout, 'index.json')
  const { manifests } = Index.parse(JSON.parse(readFileSync(file, 'utf8')))
  const images = manifests.map(({ annotations, ...descriptor }) => {
    const architecture = annotations['org.opencontainers.image.ref.name']
    return { ...descriptor, platform: { architecture, os: 'linux' } }
  })
  const index = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: images })
  const hash = createHash('sha256').update(index).digest('hex')
  writeFileSync(join(layout, 'blobs/sha256', hash), index)
  const descriptor = { mediaType: indexType, digest: `sha256:${hash}`, size: index.length }
  const annotations = { 'org.opencontainers.image.ref.name': tag }
  const top = { schemaVersion: 2, manifests: [{ ...descriptor, annotations }] }
  writeFileSync(file, JSON.stringify(top))
  return descriptor.digest
}

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openWorkshop } from '../image/build.ts'
import type { Component } from '../image/component.ts'
import { type Image, releaseImages } from '../image/images.ts'
import { run } from '../image/run.ts'
import { billOfMaterials } from '../image/sbom.ts'
import { version } from '../image/version.ts'
import { writeJson } from './checksums.ts'
import { joinArchitectures } from './layout.ts'

const architectures = ['amd64', 'arm64'] as const

type PackagedImage = {
  /** Without a tag. */
  readonly reference: string
  /** Name of the archive in the folder. */
  readonly archive: string
  /** Of the index of all architectures: `sha256:…`. */
  readonly digest: string
  readonly components: readonly Component[]
}

/** Writes each image of a release as an OCI archive for all architectures, and a bill of materials for each of them. */
export async function packageImages(
  folder: string,
  work: string,
  created: string,
  say: (line: string) => void,
): Promise<PackagedImage[]> {
  mkdirSync(join(work, 'layouts'))
  const components = new Map<Image, Component[]>(releaseImages.map(image => [image, []]))
  for (const architecture of architectures) {
    await using workshop = openWorkshop(work, architecture)
    for (const image of releaseImages) {
      const built = await workshop.build(image)
      const layout = join(work, 'layouts', image.name)
      const digest = await workshop.push(image, `oci:${layout}:${architecture}`)
      say(`${image.name} ${architecture}: ${(built.bytes / 1e6).toFixed(1)} MB unpacked, ${digest}`)
      const described = { ...image, ...built, version, architecture, digest }
      const bill = `${image.name}-${version}-${architecture}.spdx.json`
      writeJson(join(folder, bill), billOfMaterials(described, created))
      components.get(image)?.push(...built.components)
    }
  }

  const packaged = []
  for (const image of releaseImages) {
    const layout = join(work, 'layouts', image.name)
    const digest = joinArchitectures(layout, version)
    const archive = `${image.name}-${version}.oci.tar`
    const equal = '--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r'
    await run('tar', [...equal.split(' '), '-C', layout, '-cf', join(folder, archive), '.'])
    const [reference = ''] = image.reference.split(':')
    packaged.push({ reference, archive, digest, components: components.get(image) ?? [] })
  }
  return packaged
}

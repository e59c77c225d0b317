import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Image, images } from './images.ts'
import { type Layer, type LayerName, stageLayer } from './layers.ts'
import { type Architecture, ownArchitecture } from './parts.ts'
import { commit } from './commit.ts'
import { run } from './run.ts'
import { version } from './version.ts'

export type BuiltImage = {
  readonly name: string
  readonly reference: string
  /** A docker archive, as `ctr images import`, `podman load` and `docker load` take it. */
  readonly archive: string
  /** Of all files. */
  readonly bytes: number
  /** Of the manifest: `sha256:…`. */
  readonly digest: string
}

/**
 * Builds every image of the tests from files of this machine, without a registry, into `folder`.
 * `onBuilt` is called after each. Errors: a stage or buildah failed, or an image is larger than it may be.
 */
export async function buildImages(
  folder: string,
  onBuilt: (image: BuiltImage) => void = () => {},
): Promise<BuiltImage[]> {
  await using workshop = openWorkshop(folder, ownArchitecture)
  const built: BuiltImage[] = []
  for (const image of images) {
    const { bytes } = await workshop.build(image)
    const { name, reference } = image
    const archive = join(folder, `${name}.tar`)
    rmSync(archive, { force: true })
    const digest = await workshop.push(image, `docker-archive:${archive}:${reference}`)
    built.push({ name, reference, archive, bytes, digest })
    onBuilt(built.at(-1)!)
  }
  return built
}

/**
 * Where images of one architecture are built: a folder below `folder`, with a storage of its own, so
 * that the machine's images stay as they are. All of it is gone when it is disposed of.
 */
export function openWorkshop(folder: string, architecture: Architecture) {
  const work = join(folder, `work-${architecture}`)
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const layers = new Map<LayerName, Layer>()

  // vfs works on every file system.
  function buildah(args: readonly string[]): Promise<string> {
    const storage = ['--root', join(work, 'storage'), '--runroot', join(work, 'run')]
    return run('buildah', [...storage, '--storage-driver=vfs', ...args])
  }

  async function layerOf(name: LayerName): Promise<Layer> {
    const layer = layers.get(name) ?? (await stageLayer(name, architecture, join(work, 'staged')))
    layers.set(name, layer)
    return layer
  }

  return {
    /** Builds an image into the storage. Gives the size of its files, and what is in them. */
    build: async (image: Image) => {
      const parts = []
      for (const name of image.layers) parts.push({ name, ...(await layerOf(name)) })
      const bytes = sumOf(parts)
      refuseLarge(image, sumOf(parts.filter(({ name }) => name !== 'databases')))
      await buildah(['build', ...options(image), import.meta.dirname])
      return { bytes, components: parts.flatMap(({ components }) => components) }
    },
    /** Writes an image to where buildah's word for it says. Gives the digest of its manifest. */
    push: async ({ reference }: Image, target: string): Promise<string> => {
      const digestFile = join(work, 'digest')
      await buildah(['push', '--quiet', '--digestfile', digestFile, reference, target])
      return readFileSync(digestFile, 'utf8').trim()
    },
    [Symbol.asyncDispose]: async () => rmSync(work, { recursive: true, force: true }),
  }

  function options({ name, reference, containerfile }: Image): string[] {
    return [
      '--isolation=chroot',
      // Equal files give equal digests, whenever and by whichever buildah they are built.
      '--timestamp=0',
      '--identity-label=false',
      // A layer for each COPY: those that images share are stored once.
      '--layers',
      '--pull=never',
      '--quiet',
      `--arch=${architecture}`,
      `--build-context=staged=${work}`,
      `--build-arg=VERSION=${version}`,
      `--build-arg=REVISION=${commit().revision}`,
      `--file=${join(import.meta.dirname, containerfile)}`,
      `--target=${name}`,
      `--tag=${reference}`,
    ]
  }
}

/** Throws if an image's files have more bytes than it may have. */
export function refuseLarge({ name, maxBytes = Infinity }: Image, bytes: number): void {
  if (bytes <= maxBytes) return
  const [size, limit] = [bytes, maxBytes].map(count => `${(count / 1e6).toFixed(1)} MB`)
  throw new Error(`image ${name}: ${size} is more than ${limit}. Look at ci/image/${name}/stage.ts`)
}

function sumOf(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0)
}

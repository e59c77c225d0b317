import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { baseImage, type Image, images } from './images.ts'
import { run } from './run.ts'

export type BuiltImage = {
  readonly name: string
  readonly reference: string
  /** A docker archive, as `ctr images import`, `podman load` and `docker load` take it. */
  readonly archive: string
  /** Size of the archive. Its layers are not compressed, so this is what a node stores. */
  readonly bytes: number
  /** Of the manifest: `sha256:…`. */
  readonly digest: string
}

/**
 * Builds every image from files of this machine, without a registry, into `folder`.
 * `onBuilt` is called after each. Errors: a stage or buildah failed, or an image is larger than it may be.
 */
export async function buildImages(
  folder: string,
  onBuilt: (image: BuiltImage) => void = () => {},
): Promise<BuiltImage[]> {
  const work = join(folder, 'work')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  try {
    await commit(work, baseImage)
    const built: BuiltImage[] = []
    for (const image of images) {
      await commit(work, image)
      const exported = await push(work, image, join(folder, `${image.name}.tar`))
      refuseLarge(image, exported.bytes)
      built.push(exported)
      onBuilt(exported)
    }
    return built
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Stages an image's files and makes them an image in the storage below `work`. */
async function commit(work: string, { name, reference, stage }: Image): Promise<void> {
  const root = join(work, name)
  mkdirSync(root)
  await stage(root)
  const containerfile = join(import.meta.dirname, name, 'Containerfile')
  // Equal files give equal digests, whenever they are built.
  const options = ['--isolation=chroot', '--timestamp=0', '--pull=never', '--quiet']
  await buildah(work, ['build', ...options, '--file', containerfile, '--tag', reference, root])
  rmSync(root, { recursive: true })
}

async function push(work: string, image: Image, archive: string): Promise<BuiltImage> {
  const { name, reference } = image
  const digestFile = join(work, `${name}.digest`)
  rmSync(archive, { force: true })
  const options = ['--quiet', '--digestfile', digestFile]
  await buildah(work, ['push', ...options, reference, `docker-archive:${archive}:${reference}`])
  const digest = readFileSync(digestFile, 'utf8').trim()
  return { name, reference, archive, digest, bytes: statSync(archive).size }
}

function refuseLarge({ name, maxBytes = Infinity }: Image, bytes: number): void {
  if (bytes <= maxBytes) return
  const [size, limit] = [bytes, maxBytes].map(count => `${(count / 1e6).toFixed(1)} MB`)
  throw new Error(`image ${name}: ${size} is more than ${limit}. Look at ci/image/${name}/stage.ts`)
}

// A storage of its own: the machine's images stay as they are, and vfs works on every file system.
function buildah(work: string, args: readonly string[]): Promise<string> {
  const storage = ['--root', join(work, 'storage'), '--runroot', join(work, 'run')]
  return run('buildah', [...storage, '--storage-driver=vfs', ...args])
}

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { releaseImages } from '../image/images.ts'
import { ownArchitecture } from '../image/parts.ts'
import { run } from '../image/run.ts'
import { version } from '../image/version.ts'
import { freePorts } from '../ports.ts'
import { startRegistry } from '../tools/registry.ts'
import { toolPath } from '../tools/tool.ts'
import { sha256Of } from './checksums.ts'
import { packageClone, roomForClones } from './test/clone.ts'
import { unpackImage } from './test/image.ts'

const checkout = join(import.meta.dirname, '../..')
const room = roomForClones()
const validators = execFileSync(join(checkout, 'ci/setup.d/validators-dir.sh'), {
  encoding: 'utf8',
}).trim()
const cases = releaseImages.flatMap(({ name }) =>
  ['amd64', 'arm64'].map(architecture => ({ name, architecture })),
)
const functions = cases.filter(({ name }) => name !== 'agent')
let release: string
let again: string
const unpacked = new Map<string, Awaited<ReturnType<typeof unpackImage>>>()

beforeAll(async () => {
  const here = { umask: '022', timezone: 'UTC' }
  release = await packageClone(join(room.path, 'one'), here)
  const elsewhere = { umask: '077', timezone: 'Pacific/Chatham' }
  again = await packageClone(join(room.path, 'another/folder/that/is/deeper'), elsewhere)
  for (const { name, architecture } of cases) {
    const folder = join(room.path, `${name}-${architecture}`)
    mkdirSync(folder)
    const archive = join(release, `${name}-${version}.oci.tar`)
    unpacked.set(`${name} ${architecture}`, await unpackImage(archive, architecture, folder))
  }
})
afterAll(() => room.remove())

test('two clones of a commit give the same bytes, wherever they lie and whoever builds them', async () => {
  const sums = readFileSync(join(release, 'SHA256SUMS'), 'utf8')
  expect(readFileSync(join(again, 'SHA256SUMS'), 'utf8')).toBe(sums)
  for (const folder of [release, again]) {
    const checked = await run('sh', [
      '-c',
      'cd "$0" && sha256sum --check --strict SHA256SUMS',
      folder,
    ])
    expect(checked.trim().split('\n')).toHaveLength(readdirSync(folder).length - 1)
  }
})

describe.each(cases)('$name for $architecture', ({ name, architecture }) => {
  const image = () => unpacked.get(`${name} ${architecture}`)!

  test('has the labels of OCI, and says which commit it is', async () => {
    const commit = (await run('git', ['-C', checkout, 'rev-parse', 'HEAD'])).trim()
    expect(image().architecture).toBe(architecture)
    const labels = Object.fromEntries(
      Object.entries(image().config.Labels).map(([key, value]) => [
        key.replace('org.opencontainers.image.', ''),
        value,
      ]),
    )
    const { license } = releaseImages.find(one => one.name === name)!
    expect(labels).toEqual({
      title: `podatlas ${name}`,
      description: expect.stringMatching(/\w/),
      vendor: 'podatlas',
      source: 'https://github.com/podatlas/podatlas',
      documentation: 'https://github.com/podatlas/podatlas#readme',
      licenses: license,
      version,
      revision: commit,
    })
  })

  test('stays below its size, without databases', () => {
    const limit = name === 'agent' ? 180e6 : 160e6
    expect(image().bytesBesideDatabases).toBeGreaterThan(100e6)
    expect(image().bytesBesideDatabases).toBeLessThan(limit)
  })

  test('is made of binaries of its architecture, and has the libraries that they load', async () => {
    const { binaries, paths } = image()
    const machine = { amd64: 'X86-64', arm64: 'AArch64' }[architecture]
    for (const file of binaries.filter(path => !path.endsWith('.bpf.o'))) {
      expect(await run('readelf', ['--file-header', file]), file).toContain(machine)
      const listing = await run('readelf', ['--dynamic', file])
      const needed = [...listing.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, library]) => library)
      const present = paths.map(path => basename(path))
      expect(
        needed.filter(library => !present.includes(library!)),
        file,
      ).toEqual([])
    }
  })

  test('has a valid bill of materials that names every package, with version and licence', async () => {
    const file = join(release, `${name}-${version}-${architecture}.spdx.json`)
    await spdxTools(file)
    const { packages } = JSON.parse(readFileSync(file, 'utf8'))
    const named = (kind: string) =>
      packages
        .filter((one: any) => one.externalRefs[0].referenceLocator.startsWith(`pkg:${kind}/`))
        .map((one: any) => {
          expect(one.versionInfo).toMatch(/\d/)
          expect(one.licenseDeclared).toMatch(/[A-Z]/)
          expect(one.licenseDeclared).not.toBe('NOASSERTION')
          return one.name
        })
    // Their copyright lies where Debian has it.
    const debian = image().paths.flatMap(
      path => /^usr\/share\/doc\/([^/]+)\/copyright$/.exec(path)?.[1] ?? [],
    )
    expect(named('deb').toSorted()).toEqual(debian.toSorted())
    expect(debian).toContain('libc6')
    // Bundles tell in comments where their parts are from.
    const bundled = image()
      .paths.filter(path => /\.[cm]js$|bin\/podatlas/.test(path))
      .flatMap(path => [
        ...readFileSync(join(image().root, path), 'utf8').matchAll(
          /^\/\/ (?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//gm,
        ),
      ])
      .map(([, bundledName]) => bundledName)
    expect(bundled.length).toBeGreaterThan(0)
    expect(named('npm')).toEqual(expect.arrayContaining([...new Set(bundled)]))
  })
})

test.each(functions)(
  '$name for $architecture has no shell, and does not run as root',
  ({ name, architecture }) => {
    const { config, paths, programs } = unpacked.get(`${name} ${architecture}`)!
    expect(config.User).toBe('65532:65532')
    const commands = name === 'geoip' ? ['usr/bin/podatlas', 'usr/bin/podatlas-check'] : []
    expect(programs).toEqual([`app/${name}.mjs`, 'usr/bin/node', ...commands])
    expect(paths.filter(path => /(^|\/)(a|ba|da|k|z)?sh$|busybox/.test(path))).toEqual([])
  },
)

describe.each(['amd64', 'arm64'] as const)(
  'with nothing but the files of its image for %s',
  architecture => {
    test.each([
      ['agent', ['/usr/bin/podatlas-agent'], 'says what the agent needs of this machine'],
      ['geoip', ['/usr/bin/node', '/app/geoip.mjs'], 'podatlas-geoip'],
      ['peers', ['/usr/bin/node', '/app/peers.mjs'], 'podatlas-peers'],
    ])('%s runs', async (name, entrypoint, says) => {
      expect(unpacked.get(`${name} ${architecture}`)!.config.Entrypoint).toEqual(entrypoint)
      const { command } = startOf(name, architecture, [entrypoint.at(-1)!, '--help'])
      expect(await run('chroot', command)).toContain(says)
    })

    test('the agent loads libbpf, and finds the kernel programs', async () => {
      const { root, command } = startOf('agent', architecture, ['/app/agent.cjs', 'check'])
      const mounts = ['proc', 'sys'].map(
        name => `mkdir -p '${root}/${name}' && mount --rbind /${name} '${root}/${name}'`,
      )
      // An emulator knows no bpf(), so it may find that the programs cannot be loaded.
      const script = `${mounts.join(' && ')} && { chroot "$@" || true; }`
      const said = await run('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command])
      expect(said).toMatch(
        new RegExp(`^ok +kernel .*, ${architecture === 'amd64' ? 'x64' : 'arm64'}$`, 'm'),
      )
      expect(said).toMatch(/^ok +libbpf /m)
      expect(said).toMatch(/^ok +bytecode /m)
    })

    test('geoip starts, and is healthy', async () => {
      const [port] = await freePorts('any')
      const listen = ['--listen', `127.0.0.1:${port}`, '--prometheus', 'http://127.0.0.1:9']
      const { command } = startOf('geoip', architecture, ['/app/geoip.mjs', ...listen])
      const child = spawn('chroot', command, { stdio: 'ignore' })
      try {
        // Its start takes an emulator a while.
        const isHealthy = async () => {
          expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
        }
        await vi.waitFor(isHealthy, { timeout: 300_000, interval: 200 })
      } finally {
        const ended = once(child, 'exit')
        child.kill()
        await ended
      }
    })
  },
)

test('the provenance is a statement of in-toto about every file and image, and says that nobody signed it', async () => {
  const file = join(release, `podatlas-${version}.intoto.json`)
  await python(
    `
import json, sys
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as Pb
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
content = json.load(open(sys.argv[1]))
Statement.copy_from_pb(ParseDict(content, Pb())).validate()
ParseDict(content["predicate"], Provenance())`,
    file,
  )
  const text = readFileSync(file, 'utf8')
  expect(text).toContain('not signed')
  const { subject } = JSON.parse(text)
  const digests = new Map<string, string>(subject.map((one: any) => [one.name, one.digest.sha256]))
  const about = readdirSync(release).filter(name => !/\.intoto\.json$|SUMS$/.test(name))
  for (const name of about) expect(digests.get(name), name).toBe(sha256Of(join(release, name)))
  for (const { name } of releaseImages) {
    expect(`sha256:${digests.get(`docker.io/podatlas/${name}`)}`).toBe(await digestOf(name))
  }
})

test('a registry takes images and chart as docs/release.md has it, and Helm installs from there', async () => {
  await using registry = await startRegistry()
  for (const { name } of releaseImages) {
    const target = `docker://${registry.address}/podatlas/${name}:${version}`
    const archive = `oci-archive:${join(release, `${name}-${version}.oci.tar`)}`
    await run('skopeo', ['copy', '--all', '--dest-tls-verify=false', archive, target])
    const raw = await run('skopeo', ['inspect', '--raw', '--tls-verify=false', target])
    const pushed = execFileSync('sha256sum', { input: raw, encoding: 'utf8' }).slice(0, 64)
    expect(`sha256:${pushed}`).toBe(await digestOf(name))
  }
  const helm = toolPath('helm')
  const chart = join(release, `podatlas-${version}.tgz`)
  const remote = `oci://${registry.address}/charts`
  await run(helm, ['push', chart, remote, '--plain-http'])
  const options = ['--namespace', 'podatlas', '--plain-http', '--version', version]
  const fromRegistry = await run(helm, ['template', 'podatlas', `${remote}/podatlas`, ...options])
  expect(fromRegistry).toBe(
    await run(helm, ['template', 'podatlas', join(checkout, 'chart'), '--namespace', 'podatlas']),
  )
})

test('the manifest of the release is that of the commit', () => {
  const committed = readFileSync(join(room.path, 'one/clone/deploy/base/podatlas.yaml'), 'utf8')
  expect(readFileSync(join(release, 'podatlas.yaml'), 'utf8')).toBe(committed)
})

/** Node of an image with these words, for chroot; an emulator is put beside the files of the other architecture. */
function startOf(name: string, architecture: string, words: readonly string[]) {
  const { root } = unpacked.get(`${name} ${architecture}`)!
  const isOwn = architecture === ownArchitecture
  if (!isOwn) copyFileSync('/usr/bin/qemu-aarch64-static', join(root, 'emulator'))
  return { root, command: [root, ...(isOwn ? [] : ['/emulator']), '/usr/bin/node', ...words] }
}

/** The digest of an image's index, from the archive itself. */
async function digestOf(name: string): Promise<string> {
  const archive = join(release, `${name}-${version}.oci.tar`)
  const index = JSON.parse(await run('tar', ['-xOf', archive, './index.json']))
  return index.manifests[0].digest
}

async function spdxTools(file: string): Promise<void> {
  await python(
    `
import sys
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
faults = validate_full_spdx_document(parse_file(sys.argv[1]))
sys.exit("\\n".join(fault.validation_message for fault in faults) or 0)`,
    file,
  )
}

function python(program: string, file: string): Promise<string> {
  return run('env', [`PYTHONPATH=${validators}`, 'python3', '-c', program, file])
}

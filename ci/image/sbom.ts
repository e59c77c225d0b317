import type { Component } from './component.ts'

/** An image of one architecture, as its bill of materials describes it. */
export type Described = {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly architecture: string
  /** Of its manifest: `sha256:…`. */
  readonly digest: string
  readonly components: readonly Component[]
}

/**
 * A bill of materials in SPDX 2.3: the image, every package of npm and Debian of which something is in
 * it, and what Node brings along inside its binary. `created` is a time in UTC, as in RFC 3339.
 */
export function billOfMaterials(image: Described, created: string): object {
  const { name, version, architecture, digest, license, components } = image
  const packages = unique(components).map(spdxPackage)
  const inside = insideNode(components)
  const node = packages.find(({ SPDXID }) => SPDXID.startsWith('SPDXRef-npm-node-linux'))
  const hash = digest.replace('sha256:', '')
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `podatlas-${name}-${version}-${architecture}`,
    documentNamespace: `https://spdx.org/spdxdocs/podatlas-${name}-${version}-${architecture}-${hash}`,
    creationInfo: { created, creators: ['Tool: podatlas-ci-image', 'Organization: podatlas'] },
    packages: [
      {
        SPDXID: 'SPDXRef-image',
        name: `podatlas/${name}`,
        versionInfo: version,
        primaryPackagePurpose: 'CONTAINER',
        checksums: [{ algorithm: 'SHA256', checksumValue: hash }],
        ...about(license, `pkg:oci/${name}@${encodeURIComponent(digest)}?arch=${architecture}`),
      },
      ...packages,
      ...inside,
    ],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-image'),
      ...packages.map(({ SPDXID }) => relation('SPDXRef-image', 'CONTAINS', SPDXID)),
      ...inside.map(({ SPDXID }) => relation(node?.SPDXID ?? 'SPDXRef-image', 'CONTAINS', SPDXID)),
    ],
  }
}

function unique(components: readonly Component[]): Component[] {
  const byUrl = new Map(components.map(component => [component.purl, component]))
  return [...byUrl.values()].toSorted((a, b) => (a.purl < b.purl ? -1 : 1))
}

function spdxPackage({ kind, name, version, license, purl, checksum }: Component) {
  return {
    SPDXID: idOf(kind, name, version),
    name,
    versionInfo: version,
    ...(checksum && {
      checksums: [{ algorithm: checksum.algorithm, checksumValue: checksum.value }],
    }),
    ...about(license, purl),
  }
}

/** What Node's own LICENSE speaks of, licences included; a scanner looks for openssl by its version. */
function insideNode(components: readonly Component[]) {
  const node = components.find(({ name }) => name.startsWith('node-linux-'))
  if (!node) return []
  if (node.version !== process.versions.node) throw new Error(`run this by Node ${node.version}`)
  const noProduct = ['node', 'modules', 'napi', 'unicode', 'cldr', 'tz']
  return Object.entries(process.versions)
    .filter(([name]) => !noProduct.includes(name))
    .map(([name, version = '']) => ({
      SPDXID: idOf('node', name, version),
      name,
      versionInfo: version,
      ...about('NOASSERTION', `pkg:generic/${name}@${encodeURIComponent(version)}`),
    }))
}

function about(license: string, purl: string) {
  return {
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: license,
    licenseDeclared: license,
    copyrightText: 'NOASSERTION',
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl },
    ],
  }
}

function idOf(kind: string, name: string, version: string): string {
  return `SPDXRef-${kind}-${name}-${version}`.replaceAll(/[^A-Za-z0-9.-]+/g, '-')
}

function relation(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement }
}

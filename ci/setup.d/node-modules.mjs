// Exits 0 if node_modules holds what package-lock.json asks for, by npm's own record of what it
// installed. Plain JavaScript, because it runs under the machine's Node before there is another.
import { readFileSync } from 'node:fs'

const installed = packagesOf('node_modules/.package-lock.json')
const isComplete = Object.entries(packagesOf('package-lock.json')).every(([path, wanted]) => {
  const found = installed[path]
  // Optional ones are for other platforms, most of them.
  return path === '' || (found ? found.version === wanted.version : wanted.optional)
})
process.exitCode = isComplete ? 0 : 1

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch (error) {
    if (error.code === 'ENOENT') return {}
    throw error
  }
}

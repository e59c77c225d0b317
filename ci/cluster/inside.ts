import { dirname, join } from 'node:path'
import { buildImages, type BuiltImage } from '../image/build.ts'
import { toolPath } from '../tools/tool.ts'
import { kubeconfigOf, makeCertificates } from './certificates.ts'
import { startControlPlane } from './control-plane.ts'
import { importImage, startContainerd } from './containerd.ts'
import { printDiagnosis } from './diagnosis.ts'
import { startElders, startExample, startWorld } from './example/start.ts'
import { makeFolders } from './folders.ts'
import { installChart } from './install.ts'
import { endWithParent } from './isolation.ts'
import { makeMounts } from './mounts.ts'
import { makeNetwork } from './network.ts'
import { startNode } from './node.ts'
import { progress } from './progress.ts'
import { runTests, suiteNamed } from './tests.ts'

/**
 * What happens inside the namespaces of one run, as main.ts starts it:
 * `inside.ts FOLDER test|keep SUITE [FILTER...]`. When it ends, everything it started ends with it.
 */
const [root = '', purpose, suite = '', ...filters] = process.argv.slice(2)
const ending = endWithParent()
ending.addEventListener('abort', () => process.exit(130))

await makeMounts(root)
const folders = makeFolders(root)
try {
  const [built] = await Promise.all([buildAll(), raise()])
  for (const { archive } of built) await importImage(archive)
  progress('images imported')
  startWorld(folders)
  await startElders(folders)
  await installChart(folders)
  await startExample(folders)
  const code =
    purpose === 'keep'
      ? await keep()
      : await runTests(folders, { suite: suiteNamed(suite), filters })
  if (code !== 0) await printDiagnosis(folders)
  process.exit(code)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  await printDiagnosis(folders)
  process.exit(1)
}

async function raise(): Promise<void> {
  await makeNetwork()
  await makeCertificates(folders.certificates)
  await startContainerd(folders)
  await startControlPlane(folders)
  await startNode(folders)
}

function buildAll(): Promise<BuiltImage[]> {
  return buildImages(join(folders.root, 'images'), ({ name, bytes }) =>
    progress(`image ${name}: ${(bytes / 1e6).toFixed(1)} MB`),
  )
}

async function keep(): Promise<number> {
  progress('the cluster stays up until Ctrl-C; look inside as said above, and then:')
  console.log(`export KUBECONFIG=${kubeconfigOf(folders.certificates, 'admin')}`)
  console.log(`export PATH=$PATH:${dirname(toolPath('kubernetes', 'kubectl'))}`)
  await new Promise(resolve => ending.addEventListener('abort', resolve))
  return 0
}

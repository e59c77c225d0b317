import { template } from '../render/helm.ts'

/** Namespace and release of the manifest; an overlay of kustomize may move it elsewhere. */
const namespace = 'podatlas'

const head = `# podatlas without Helm: kubectl apply --server-side -f podatlas.yaml
# What the chart renders with no values at all, by npm run gen. Changes belong into an overlay; see ../example/.
---
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    app.kubernetes.io/part-of: podatlas
    # For the agents, which need some of the node; all else passes "restricted".
    pod-security.kubernetes.io/enforce: privileged
`

/** deploy/base/podatlas.yaml: one file for people who do without Helm. */
export async function manifest(): Promise<{ path: string; content: string }> {
  // The schema that is there may be older than the values: it is written in the same run.
  const unguarded = '--skip-schema-validation'
  const args = ['--no-hooks', '--skip-tests', '--kube-version=1.25.0', unguarded]
  const rendered = await template(args, { namespace })
  return { path: 'deploy/base/podatlas.yaml', content: head + withoutHelm(rendered) }
}

/** Nothing that says Helm looks after these objects, and no name that ends when their namespace changes. */
function withoutHelm(rendered: string): string {
  return rendered
    .replaceAll(/^ +(?:helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n/gm, '')
    .replaceAll(/^# Source: .*\n/gm, '')
    .replaceAll(`.${namespace}.svc`, '')
}

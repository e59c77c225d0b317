import type { Context } from 'hono'

/** 503 with the failure if there is one, else `ok`; what else is wrong stands on further lines. */
export function health(
  c: Context,
  failure: string | undefined,
  problems: readonly string[] = [],
): Response {
  const lines = [failure ?? 'ok', ...problems.filter(problem => problem !== failure)]
  return c.text(`${lines.join('\n')}\n`, failure ? 503 : 200)
}

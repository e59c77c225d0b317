import { classify } from './classify.ts'
import type { Directory } from './directory.ts'
import {
  clusterLabel,
  nodeInfoHead,
  nodeLine,
  ownerLine,
  peerInfoHead,
  strangerLine,
} from './exposition.ts'
import type { Strangers } from './strangers.ts'

/**
 * The info series as text, piece by piece, so that 100,000 lines hold up nobody. What changes in
 * between changes in the pieces to come; an address has one line all the same, since all its claims
 * stand in one piece.
 */
export function* infoSeries(
  { owners, nodes, podNetworks }: Pick<Directory, 'owners' | 'nodes' | 'podNetworks'>,
  strangers: Pick<Strangers, 'part'>,
  clusterName: string,
): Generator<string> {
  const cluster = clusterLabel(clusterName)
  let text = nodeInfoHead
  for (const { owner, zone, region } of nodes.all()) {
    text += nodeLine(cluster, owner.name, zone, region)
  }
  yield text + peerInfoHead
  for (let index = 0; index < owners.parts; index++) {
    const piece = pieceOf(index)
    if (piece !== '') yield piece
  }

  function pieceOf(index: number): string {
    let piece = ''
    for (const [address, owner] of owners.part(index)) {
      piece += ownerLine(cluster, address, owner, nodes.get(owner.node)?.zone ?? '')
    }
    for (const target of strangers.part(index)) {
      const stranger = owners.of(target) ? undefined : classify(target, podNetworks)
      if (stranger) piece += strangerLine(cluster, target, stranger.kind, stranger.node)
    }
    return piece
  }
}

import { parser } from '@prometheus-io/lezer-promql'
import type { LabelsOf } from './exported-labels.ts'

type Node = ReturnType<typeof parser.parse>['topNode']
type Labels = ReadonlySet<string>

export type Reading = {
  /** Labels that the result can have; undefined for a number. */
  readonly labels: Labels | undefined
  /** Names of series and labels that are not there, as sentences. */
  readonly faults: readonly string[]
  /** Whether the result is empty under some condition: a comparison, an `unless`, or an `absent`. */
  readonly isConditional: boolean
}

/** Follows the labels through an expression. Throws where it does not parse: the parser itself goes on. */
export function readLabels(expr: string, known: LabelsOf): Reading {
  const faults: string[] = []
  const textOf = ({ from, to }: Node) => expr.slice(from, to)
  const top = parser.parse(expr).topNode
  top.cursor().iterate(({ type, from }) => {
    if (type.isError) throw new Error(`no PromQL at ${from}: ${expr}`)
  })
  return { labels: labelsOf(only(top)), faults, isConditional: isConditional(only(top)) }

  function labelsOf(node: Node): Labels | undefined {
    switch (node.name) {
      case 'VectorSelector':
        return ofSelector(node)
      case 'AggregateExpr':
        return ofAggregation(node)
      case 'FunctionCall':
        return ofCall(node)
      case 'BinaryExpr':
        return ofPair(node)
      case 'NumberDurationLiteral':
      case 'StringLiteral':
        return undefined
      // Parentheses, subqueries, offsets, ranges and signs change no label.
      default:
        return labelsOf(only(node))
    }
  }

  function ofSelector(node: Node): Labels {
    const name = textOf(only(node))
    const labels = known.get(name)
    if (labels === undefined) {
      faults.push(`there is no series ${name}`)
      return new Set()
    }
    need(labels, namesIn(node.getChild('LabelMatchers')), name)
    return labels
  }

  function ofAggregation(node: Node): Labels {
    const operand = node.getChild('FunctionCallBody')?.lastChild
    const inner = (operand && labelsOf(operand)) ?? new Set<string>()
    const modifier = node.getChild('AggregateModifier')
    const names = namesIn(modifier?.getChild('GroupingLabels'))
    // `without` may name what some series have only.
    if (modifier?.getChild('Without')) return inner.difference(new Set(names))
    need(inner, names, operand ? textOf(operand) : '')
    if (/^(topk|bottomk|limitk)/.test(textOf(node))) return inner
    return new Set(names)
  }

  function ofCall(node: Node): Labels | undefined {
    const name = textOf(only(node))
    const operands = childrenOf(node.getChild('FunctionCallBody'))
    const [first] = operands
    const inner = first && labelsOf(first)
    if (name.startsWith('absent')) return new Set(namesIn(first?.getChild('LabelMatchers')))
    if (name === 'vector') return new Set()
    if (name !== 'label_replace' || inner === undefined) return inner
    const [target = '', , source = ''] = operands.slice(1).map(one => textOf(one).slice(1, -1))
    if (source !== '') need(inner, [source], first ? textOf(first) : '')
    return inner.union(new Set([target]))
  }

  function ofPair(node: Node): Labels | undefined {
    const [left, right] = sidesOf(node)
    const [ofLeft, ofRight] = [labelsOf(left), labelsOf(right)]
    if (ofLeft === undefined || ofRight === undefined) return ofLeft ?? ofRight
    const modifier = node.getChild('MatchingModifierClause')
    const [on, carried] = modifier?.getChildren('GroupingLabels').map(list => namesIn(list)) ?? []
    if (on !== undefined) {
      need(ofLeft, on, textOf(left))
      need(ofRight, on, textOf(right))
    }
    if (node.getChild('Or')) return ofLeft.union(ofRight)
    if (node.getChild('And') || node.getChild('Unless')) return ofLeft
    if (on === undefined && ofLeft.symmetricDifference(ofRight).size > 0) {
      faults.push(`${textOf(left)} and ${textOf(right)} have other labels, and no "on" says which`)
    }
    if (modifier?.getChild('GroupLeft') === null) return new Set(on ?? ofLeft)
    need(ofRight, carried ?? [], textOf(right))
    return ofLeft.union(new Set(carried))
  }

  function isConditional(node: Node): boolean {
    if (node.name !== 'BinaryExpr') {
      if (node.name === 'FunctionCall' && textOf(node).startsWith('absent')) return true
      const operand = node.getChild('FunctionCallBody') ?? node
      return childrenOf(operand).some(child => isConditional(child))
    }
    const [left, right] = sidesOf(node)
    if (node.getChild('Or')) return isConditional(left) && isConditional(right)
    const operators = ['Gtr', 'Lss', 'Gte', 'Lte', 'EqlC', 'Eql', 'Neq', 'Unless']
    const isOne = operators.some(name => node.getChild(name)) && !node.getChild('BoolModifier')
    return isOne || isConditional(left)
  }

  function need(labels: Labels, names: readonly string[], where: string): void {
    for (const name of names) {
      if (!labels.has(name)) faults.push(`${where} has no label ${name}`)
    }
  }

  function namesIn(list: Node | null | undefined): string[] {
    if (!list) return []
    const names: string[] = []
    list.cursor().iterate(one => {
      if (one.name === 'LabelName') names.push(expr.slice(one.from, one.to))
    })
    return names
  }
}

function sidesOf(node: Node): [left: Node, right: Node] {
  const [left, right] = [node.firstChild, node.lastChild]
  if (!left || !right) throw new Error(`no operands in a ${node.name}`)
  return [left, right]
}

function only(node: Node): Node {
  if (!node.firstChild) throw new Error(`nothing in a ${node.name}`)
  return node.firstChild
}

function childrenOf(node: Node | null): Node[] {
  const children: Node[] = []
  for (let child = node?.firstChild; child; child = child.nextSibling) children.push(child)
  return children
}

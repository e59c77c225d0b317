import common from '@grafana/grafana-foundation-sdk/common'
import table from '@grafana/grafana-foundation-sdk/table'
import { noThresholds, wear, type Face } from './panels.ts'
import { colours } from './parts.ts'

export function rows(face: Face) {
  return wear(new table.PanelBuilder(), face)
    .min(0)
    .filterable(true)
    .cellHeight(common.TableCellHeight.Sm)
    .thresholds(noThresholds())
}

/** How the values of a column are shown, where it is not the panel's unit. */
export function unit(name: string) {
  return [{ id: 'unit', value: name }]
}

/** The heading of a column. Its field keeps the label's name, which links ask for. */
export function heading(name: string) {
  return { id: 'displayName', value: name }
}

/** A bar in the cell, as long as its share of the largest value. */
export function barCell(direction: keyof typeof colours) {
  return [
    { id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic' } },
    { id: 'color', value: { mode: 'fixed', fixedColor: colours[direction] } },
  ]
}

/** Puts the answers of several instant queries side by side, and names the columns in their order. */
export function columns(names: Readonly<Record<string, string>>, hidden: readonly string[] = []) {
  const excludeByName = Object.fromEntries(['Time', ...hidden].map(name => [name, true]))
  const indexByName = Object.fromEntries(Object.keys(names).map((name, index) => [name, index]))
  const renameByName = Object.fromEntries(
    Object.entries(names).filter(([name, shown]) => name !== shown),
  )
  return [
    { id: 'merge', options: {} },
    { id: 'organize', options: { excludeByName, indexByName, renameByName } },
  ]
}

import { familyHead, labelText, numberText } from '../../exposition.ts'
import type { Labels, Metric, Samples, Series } from '../../model.ts'
import type { ScrapeFormat } from '../../scraping.ts'
import { scrapeFamily, type ScrapeFamily } from './family.ts'

/** Where a series stands in the lines of its family, and what is written there. */
type Place = { readonly family: ScrapeFamily; readonly at: number; value: number }

/** Of a page, joined at a time: a few hundred KB, to be thrown away soon. */
const TEXTS_PER_PIECE = 3072

/**
 * The newest value of every series that lives; what was never offered, or has ended, is not there. Lines
 * are kept as texts that only have to be joined: a value is written when it changes, not for each page.
 */
export function scrapePage(isShown: (metric: Metric) => boolean, tellsCreated: boolean) {
  const families = new Map<string, ScrapeFamily>()
  const familyOfMetric = new WeakMap<Metric, ScrapeFamily>()
  const places = new Map<Series, Place>()
  const labelTexts = new WeakMap<Labels, string>()

  function offer({ series, values }: Samples): void {
    for (let index = 0; index < series.length; index++) {
      const one = series[index]
      if (!one) continue
      const place = places.get(one)
      const value = values?.[index]
      if (value === undefined) end(one, place)
      else if (!place) bear(one, value)
      else if (place.value !== value) {
        place.family.write(place.at, numberText(value))
        place.value = value
      }
    }
  }

  function bear(series: Series, value: number): void {
    if (!isShown(series.metric)) return
    const family = familyOf(series.metric)
    const at = family.add(series, labelsOf(series), numberText(value), tellsCreated)
    places.set(series, { family, at, value })
  }

  function end(series: Series, place: Place | undefined): void {
    if (!place) return
    places.delete(series)
    place.family.remove(series, place.at)
  }

  function familyOf(metric: Metric): ScrapeFamily {
    const known = familyOfMetric.get(metric)
    if (known) return known
    const fresh = scrapeFamily(metric)
    const family = families.get(fresh.name) ?? fresh
    families.set(family.name, family)
    familyOfMetric.set(metric, family)
    return family
  }

  /** With braces; most of it is shared by the series of a target. */
  function labelsOf({ metric, target }: Series): string {
    const own = labelText(metric.labels.filter(([name]) => name !== '__name__'))
    const others = labelTexts.get(target) ?? labelText(target)
    labelTexts.set(target, others)
    if (own === '' && others === '') return ''
    return `{${own}${own === '' || others === '' ? '' : ','}${others}}`
  }

  function* pieces(format: ScrapeFormat): Iterable<string> {
    for (const family of families.values()) {
      if (family.isEmpty()) continue
      const { name, type } = family[format]
      yield `${familyHead(name, type, family.help, format).join('\n')}\n`
      const { texts } = family[format]
      for (let start = 0; start < texts.length; start += TEXTS_PER_PIECE)
        yield texts.slice(start, start + TEXTS_PER_PIECE).join('')
    }
  }

  return { offer, pieces }
}

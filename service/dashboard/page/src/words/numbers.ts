/** Numbers as they stand on the page. */

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const TENTH = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })
const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** 12,345 */
export function countText(count: number): string {
  return WHOLE.format(count)
}

/** 12.3K, where there is little room; the whole number stands in a title. */
export function shortCount(count: number): string {
  return count < 10_000 ? WHOLE.format(count) : SHORT.format(count)
}

/** Rounded down, so that only what is done shows 100. */
export function percentText(percent: number): string {
  return percent >= 100 ? '100 %' : `${TENTH.format(Math.floor(percent * 10) / 10)} %`
}

export function rateText(perSecond: number): string {
  return `${perSecond > 0 && perSecond < 10 ? TENTH.format(perSecond) : WHOLE.format(perSecond)}/s`
}

export function bytesText(bytes: number): string {
  let unit = 0
  let rest = bytes
  for (; rest >= 1000 && unit < UNITS.length - 1; unit += 1) rest /= 1000
  return `${unit === 0 || rest >= 100 ? WHOLE.format(rest) : TENTH.format(rest)} ${UNITS[unit]}`
}

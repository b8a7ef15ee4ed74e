/** Instants and lengths of time as they stand on the page, in the time of whoever reads it. */

const DAY_AND_TIME = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const WITH_YEAR = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
export function instantText(instant: string): string {
  return DAY_AND_TIME.format(new Date(instant))
}

/** 14:05:09, of seconds since 1970 */
export function clockText(seconds: number): string {
  return CLOCK.format(new Date(seconds * 1000))
}

export function wholeInstantText(instant: string): string {
  return WITH_YEAR.format(new Date(instant))
}

/** 4.2 s, 45 s, 3:05 min, 2:07 h, 3 d 4 h */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < 3_600) return `${Math.floor(whole / 60)}:${twoDigits(whole % 60)} min`
  if (whole < 86_400) return `${Math.floor(whole / 3_600)}:${twoDigits(Math.floor(whole / 60) % 60)} h`
  return `${Math.floor(whole / 86_400)} d ${Math.floor(whole / 3_600) % 24} h`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

/** How fast the campaign goes, drawn while it goes. What was before the page was opened is not known here. */
import 'uplot/dist/uPlot.min.css'
import './rate_chart.css'
import { useEffect, useRef, useState } from 'react'
import UPlot from 'uplot'
import { useTheme } from '../app/theme'
import { ratesOf } from '../live/history'
import { watchProgress } from '../live/progress'
import { rateText } from '../words/numbers'
import { clockText } from '../words/times'

const HEIGHT = 160
const SPAN_SECONDS_MIN = 60

export default function RateChart({ campaignId }: { readonly campaignId: string }) {
  const place = useRef<HTMLDivElement>(null)
  const theme = useTheme()
  const isDark = useDarkness()
  const [hasSamples, find] = useState(() => ratesOf(campaignId).at.length > 0)

  useEffect(() => {
    const element = place.current
    if (element === null) return
    const plot = new UPlot(optionsFor(element), dataOf(campaignId), element)
    const unwatch = watchProgress(campaignId, () => {
      plot.setData(dataOf(campaignId))
      find(ratesOf(campaignId).at.length > 0)
    })
    const sizes = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }))
    sizes.observe(element)
    return () => {
      unwatch()
      sizes.disconnect()
      plot.destroy()
    }
  }, [campaignId, theme, isDark])

  const { perSecond } = ratesOf(campaignId)
  const said = hasSamples
    ? `${rateText(perSecond.at(-1) ?? 0)} at last, ${rateText(Math.max(...perSecond))} at most since this page was opened`
    : 'Nothing has moved since this page was opened.'
  return (
    <figure className="rate">
      <div ref={place} className="rate-chart" role="img" aria-label={said} data-empty={!hasSamples} />
      {!hasSamples && <figcaption className="soft">{said}</figcaption>}
    </figure>
  )
}

function dataOf(campaignId: string): UPlot.AlignedData {
  const { at, perSecond } = ratesOf(campaignId)
  const [first] = at
  // One point alone has no extent to be drawn in.
  return at.length === 1 && first !== undefined ? [[first - 1, first], [null, ...perSecond]] : [at, perSecond]
}

/** Drawn in the page's colours, which a canvas has to be told. */
function optionsFor(element: HTMLElement): UPlot.Options {
  const colours = getComputedStyle(element)
  const [line, text, grid] = ['--running', '--text-soft', '--line'].map((name) => resolved(element, colours, name))
  const axis: UPlot.Axis = {
    stroke: text,
    font: `12px ${colours.fontFamily}`,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { x: { range: spanOf }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, size: 28, space: 90, values: (_, ticks) => ticks.map(clockText) },
      { ...axis, size: 56, space: 32, values: (_, ticks) => ticks.map((each) => rateText(each)) },
    ],
    series: [{}, { stroke: line, width: 1.5, fill: `color-mix(in srgb, ${line} 12%, transparent)`, points: { show: false } }],
  }
}

/** At least a minute, so that the first seconds do not fly past. */
function spanOf(_: UPlot, first: number, last: number): UPlot.Range.MinMax {
  if (first === null || last === null) {
    const now = Date.now() / 1000
    return [now - SPAN_SECONDS_MIN, now]
  }
  return [Math.min(first, last - SPAN_SECONDS_MIN), last]
}

function resolved(element: HTMLElement, colours: CSSStyleDeclaration, name: string): string {
  const before = element.style.color
  element.style.color = `var(${name})`
  const { color } = colours
  element.style.color = before
  return color
}

function useDarkness(): boolean {
  const [query] = useState(() => matchMedia('(prefers-color-scheme: dark)'))
  const [isDark, turn] = useState(query.matches)
  useEffect(() => {
    const change = (): void => turn(query.matches)
    query.addEventListener('change', change)
    return () => query.removeEventListener('change', change)
  }, [query])
  return isDark
}

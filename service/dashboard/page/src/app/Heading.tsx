/** A page's heading: the window's title too, and where a keyboard or a screen reader begins on a new page. */
import { useEffect, useRef } from 'react'

interface HeadingProps {
  readonly children: string
  readonly hidden?: boolean
}

let isFirstPage = true

export function Heading({ children, hidden }: HeadingProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${children} · Phaseline`
  }, [children])
  useEffect(() => {
    // Who has just opened the page begins at its top.
    if (!isFirstPage) heading.current?.focus({ preventScroll: true })
    isFirstPage = false
  }, [])
  return (
    <h1 ref={heading} tabIndex={-1} className={hidden ? 'hidden-text' : 'page-title'}>
      {children}
    </h1>
  )
}

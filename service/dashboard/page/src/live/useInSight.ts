/** Whether an element is in sight, or nearly: what is not need not be drawn anew each time it changes. */
import { type RefObject, useEffect, useState } from 'react'

const NEARLY = '200px'
const told = new Map<Element, (isInSight: boolean) => void>()

// One for all: hundreds of rows watch.
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) told.get(target)?.(isIntersecting)
  },
  { rootMargin: NEARLY },
)

export function useInSight(element: RefObject<Element | null>): boolean {
  const [isInSight, tell] = useState(false)
  useEffect(() => {
    const target = element.current
    if (target === null) return undefined
    told.set(target, tell)
    observer.observe(target)
    return () => {
      observer.unobserve(target)
      told.delete(target)
    }
  }, [element])
  return isInSight
}

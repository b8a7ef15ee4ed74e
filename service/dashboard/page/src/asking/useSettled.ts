/** A value that is being typed, once it has not changed for a moment. */
import { useEffect, useState } from 'react'

const PAUSE_MILLISECONDS = 250 // after the last key

export function useSettled(value: string): string {
  const [settled, settle] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => settle(value), PAUSE_MILLISECONDS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}

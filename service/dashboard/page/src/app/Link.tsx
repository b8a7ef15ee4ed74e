/** A link within the page: followed without loading it anew, and like any other link with a modifier key. */
import type { AnchorHTMLAttributes, MouseEvent } from 'react'
import { hrefOf, navigate } from './router'

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly to: string
}

export function Link({ to, ...rest }: LinkProps) {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(to)
  }
  return <a href={hrefOf(to)} onClick={follow} {...rest} />
}

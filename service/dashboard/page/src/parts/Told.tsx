/** What stands in the place of content: there is none, or it did not come. */
import type { ReactNode } from 'react'
import { sentenceOf } from '../asking/sentences'
import { WarningIcon } from './icons'

interface ToldProps {
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}

export function Told({ title, children, action }: ToldProps) {
  return (
    <div className="told">
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
      {action}
    </div>
  )
}

interface TroubleProps {
  readonly error: unknown
  readonly onAgain?: () => void
}

/** An error, as a sentence, with a way to ask again. */
export function Trouble({ error, onAgain }: TroubleProps) {
  return (
    <div className="trouble" role="alert">
      <WarningIcon />
      <div>{sentenceOf(error)}</div>
      {onAgain && (
        <button type="button" className="button" onClick={onAgain}>
          Try again
        </button>
      )}
    </div>
  )
}

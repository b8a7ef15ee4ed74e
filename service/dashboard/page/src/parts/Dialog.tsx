/** A question before something is done. The browser keeps the keyboard inside, and gives it back at the end. */
import './dialog.css'
import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { asked } from '../session/session'
import { Trouble } from './Told'

interface DialogProps {
  readonly title: string
  readonly confirm: string
  readonly leave?: string
  readonly isDangerous?: boolean
  readonly canConfirm?: boolean
  /** Whether it stays when it is done, to show something. */
  readonly staysOpen?: boolean
  /** What goes wrong is told inside, and it stays open. */
  readonly onConfirm: () => Promise<unknown>
  readonly onClose: () => void
  readonly children: ReactNode
}

export function Dialog({ canConfirm = true, leave = 'Leave it', ...props }: DialogProps) {
  const { title, confirm, isDangerous, staysOpen, onConfirm, onClose, children } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  const [trouble, tell] = useState<unknown>()
  const [isBusy, work] = useState(false)

  useEffect(() => dialog.current?.showModal(), [])

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (isBusy) return
    work(true)
    tell(undefined)
    asked(onConfirm()).then(
      // Closed, and not just taken away: so the browser gives the keyboard back to where it was.
      () => (staysOpen ? work(false) : dialog.current?.close()),
      (error: unknown) => {
        work(false)
        tell(error)
      },
    )
  }

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={heading} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={heading}>{title}</h2>
        <div className="dialog-body">{children}</div>
        {trouble !== undefined && <Trouble error={trouble} />}
        <div className="dialog-end">
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            {leave}
          </button>
          <button
            type="submit"
            className={`button ${isDangerous ? 'danger' : 'primary'}`}
            disabled={!canConfirm}
            aria-busy={isBusy}
          >
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  )
}

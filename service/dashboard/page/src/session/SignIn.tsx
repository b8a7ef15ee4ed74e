/** The door: a key becomes the session's cookie. */
import './sign_in.css'
import { type FormEvent, useState } from 'react'
import { sentenceOf } from '../asking/sentences'
import { openSession } from './session'

export function SignIn({ reason }: { readonly reason: string | undefined }) {
  const [key, type] = useState('')
  const [trouble, tell] = useState<string>()
  const [isAsking, ask] = useState(false)
  const told = trouble ?? reason

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    ask(true)
    tell(undefined)
    openSession(key.trim()).catch((error: unknown) => {
      ask(false)
      tell(error instanceof TypeError ? 'This is not a key: it has characters that no key has.' : sentenceOf(error))
    })
  }

  return (
    <main className="door">
      <form className="door-card card" onSubmit={submit}>
        <h1>Sign in to Phaseline</h1>
        <p className="soft">
          Paste a key. It is exchanged for a cookie that ends with your browser, and is not kept in this page.
        </p>
        <div className="field">
          <label htmlFor="key">Key</label>
          <input
            id="key"
            className="input fixed"
            type="password"
            autoComplete="off"
            spellCheck={false}
            placeholder="phl_…"
            required
            autoFocus
            value={key}
            aria-invalid={trouble !== undefined}
            aria-describedby="door-told door-hint"
            onChange={(event) => type(event.target.value)}
          />
        </div>
        <p id="door-told" className="note wrong" role="alert">
          {told}
        </p>
        <button type="submit" className="button primary" disabled={key.trim() === ''} aria-busy={isAsking}>
          Sign in
        </button>
        <p id="door-hint" className="note">
          The first key is shown when <code>phaseline run</code> starts for the first time, and kept in{' '}
          <code>.phaseline/key</code>.
        </p>
      </form>
    </main>
  )
}

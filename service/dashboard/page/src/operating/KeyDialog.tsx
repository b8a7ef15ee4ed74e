/** Makes a key, and shows its secret once. */
import { KeyScope, type NewKey, PhaselineError } from 'phaseline-client'
import { useState } from 'react'
import { Dialog } from '../parts/Dialog'
import { CheckField, TextField } from '../parts/fields'
import { client } from '../session/client'

const SCOPE_NAMES: Readonly<Record<KeyScope, string>> = {
  read: 'Look: campaigns, domains, exports, news',
  write: 'Do: create, start, pause, cancel, delete, import',
  admin: 'Keys, settings, and who did what',
}

interface KeyDialogProps {
  readonly onMade: () => void
  readonly onClose: () => void
}

export function KeyDialog({ onMade, onClose }: KeyDialogProps) {
  const [name, call] = useState('')
  const [scopes, choose] = useState<readonly KeyScope[]>([KeyScope.READ])
  const [expiry, end] = useState('')
  const [made, show] = useState<NewKey>()
  if (made !== undefined) return <Secret made={made} onClose={onClose} />

  const toggle = (scope: KeyScope, isOn: boolean): void =>
    choose(Object.values(KeyScope).filter((each) => (each === scope ? isOn : scopes.includes(each))))
  const confirm = async (): Promise<void> => {
    const expiresAt = expiry === '' ? null : new Date(expiry).toISOString()
    show(await client.access.makeKey({ body: { name: name.trim(), scopes: [...scopes], expiresAt } }))
    onMade()
  }
  return (
    <Dialog
      title="New key"
      confirm="Make the key"
      staysOpen
      canConfirm={name.trim() !== '' && scopes.length > 0}
      onConfirm={confirm}
      onClose={onClose}
    >
      <TextField label="Name" value={name} placeholder="reports" hint="Who or what will use it." onChange={call} />
      <fieldset className="scopes">
        <legend className="label">It may</legend>
        {Object.values(KeyScope).map((scope) => (
          <CheckField
            key={scope}
            label={SCOPE_NAMES[scope]}
            isOn={scopes.includes(scope)}
            onChange={(isOn) => toggle(scope, isOn)}
          />
        ))}
      </fieldset>
      <TextField
        label="Good until"
        type="datetime-local"
        value={expiry}
        hint="May stay empty: then it is good until it is revoked."
        onChange={end}
      />
    </Dialog>
  )
}

function Secret({ made, onClose }: { readonly made: NewKey; readonly onClose: () => void }) {
  const [isCopied, tell] = useState(false)
  const copy = async (): Promise<void> => {
    if (!isSecureContext) throw new PhaselineError('no_clipboard', 'No page may copy here: select the key, and copy it.')
    await navigator.clipboard.writeText(made.secret)
    tell(true)
  }
  return (
    <Dialog
      title={`The key “${made.name}”`}
      confirm={isCopied ? 'Copied' : 'Copy it'}
      leave="Close"
      staysOpen
      onConfirm={copy}
      onClose={onClose}
    >
      <p>It is shown this once, and stored nowhere. Keep it where it will be used.</p>
      <p className="secret fixed">{made.secret}</p>
    </Dialog>
  )
}

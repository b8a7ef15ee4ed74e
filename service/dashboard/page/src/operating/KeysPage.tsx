/** Who is let in: keys, what each may do, until when. */
import type { Key } from 'phaseline-client'
import { useState } from 'react'
import { useAnswer } from '../asking/useAnswer'
import { Heading } from '../app/Heading'
import { Dialog } from '../parts/Dialog'
import { PlusIcon } from '../parts/icons'
import { type Column, Table, TableComing } from '../parts/Table'
import { Trouble } from '../parts/Told'
import { client } from '../session/client'
import { wholeInstantText } from '../words/times'
import { KeyDialog } from './KeyDialog'

export default function KeysPage() {
  const { data, error, askAgain } = useAnswer((signal) => client.access.listKeys({ signal }), [])
  const [isMaking, make] = useState(false)
  const [revoked, revoke] = useState<Key>()
  return (
    <>
      <div className="page-head">
        <Heading>Keys</Heading>
        <button type="button" className="button primary" onClick={() => make(true)}>
          <PlusIcon />
          New key
        </button>
      </div>
      {error !== undefined && <Trouble error={error} onAgain={askAgain} />}
      {data === undefined && error === undefined && <TableComing />}
      {data && <Table label="Keys" columns={columnsOf(revoke)} rows={data.items} keyOf={(key) => key.id} />}
      {isMaking && <KeyDialog onMade={askAgain} onClose={() => make(false)} />}
      {revoked && <RevokeDialog revoked={revoked} onClose={() => revoke(undefined)} onDone={askAgain} />}
    </>
  )
}

function columnsOf(onRevoke: (key: Key) => void): readonly Column<Key>[] {
  return [
    { name: 'Name', cell: ({ name }) => name },
    { name: 'Begins with', cell: ({ hint }) => <code>{hint}…</code> },
    { name: 'May', cell: ({ scopes }) => scopes.join(', ') },
    { name: 'Made', cell: ({ createdAt }) => wholeInstantText(createdAt) },
    { name: 'Standing', cell: (key) => <Standing held={key} /> },
    {
      name: 'Revocation',
      isUnnamed: true,
      cell: (key) =>
        key.revokedAt === null && (
          <button type="button" className="button quiet" aria-label={`Revoke ${key.name}`} onClick={() => onRevoke(key)}>
            Revoke
          </button>
        ),
      isNumber: true,
    },
  ]
}

function Standing({ held: { revokedAt, expiresAt } }: { readonly held: Key }) {
  const hasExpired = expiresAt !== null && Date.parse(expiresAt) <= Date.now()
  if (revokedAt !== null) return <Said kind="failed" text={`Revoked ${wholeInstantText(revokedAt)}`} />
  if (hasExpired) return <Said kind="negative" text={`Expired ${wholeInstantText(expiresAt)}`} />
  return <Said kind="succeeded" text={expiresAt === null ? 'Good' : `Good until ${wholeInstantText(expiresAt)}`} />
}

function Said({ kind, text }: { readonly kind: string; readonly text: string }) {
  return (
    <span className="outcome" data-kind={kind}>
      {text}
    </span>
  )
}

interface RevokeDialogProps {
  readonly revoked: Key
  readonly onClose: () => void
  readonly onDone: () => void
}

function RevokeDialog({ revoked, onClose, onDone }: RevokeDialogProps) {
  const confirm = async (): Promise<void> => {
    await client.access.revokeKey({ path: { keyId: revoked.id } })
    onDone()
  }
  return (
    <Dialog title={`Revoke “${revoked.name}”?`} confirm="Revoke" isDangerous onConfirm={confirm} onClose={onClose}>
      <p>
        Whatever uses this key is refused from then on. Sessions that were opened with it end at once, their live news
        within ten seconds.
      </p>
      <p>This cannot be undone; another key can be made.</p>
    </Dialog>
  )
}

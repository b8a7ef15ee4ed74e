/** How this installation is set up. Settings are read from the environment when it starts; here they are only shown. */
import type { ShownSetting } from 'phaseline-client'
import { useAnswer } from '../asking/useAnswer'
import { Heading } from '../app/Heading'
import { type Column, Table, TableComing } from '../parts/Table'
import { Trouble } from '../parts/Told'
import { client } from '../session/client'

const COLUMNS: readonly Column<ShownSetting>[] = [
  { name: 'Setting', cell: ({ name }) => <code>{name}</code> },
  { name: 'Value', cell: (setting) => <Value setting={setting} /> },
  { name: 'Meaning', cell: ({ meaning }) => <span className="soft">{meaning}</span> },
]

export default function SettingsPage() {
  const { data, error, askAgain } = useAnswer((signal) => client.operations.getSettings({ signal }), [])
  return (
    <>
      <div className="page-head">
        <Heading>Settings</Heading>
        <p className="soft">Of the process that answers; read when it started.</p>
      </div>
      {error !== undefined && <Trouble error={error} onAgain={askAgain} />}
      {data === undefined && error === undefined && <TableComing />}
      {data && <Table label="Settings" columns={COLUMNS} rows={data.items} keyOf={({ name }) => name} />}
    </>
  )
}

function Value({ setting: { value, default: usual } }: { readonly setting: ShownSetting }) {
  if (value === usual) return value ? <code>{value}</code> : <span className="faint">empty</span>
  return (
    <>
      <strong>{value || 'empty'}</strong>
      <span className="faint small"> instead of {usual || 'empty'}</span>
    </>
  )
}

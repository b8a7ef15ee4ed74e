/** What belongs to the whole campaign, and may be changed later. */
import { ChoiceField, TextField } from '../parts/fields'
import type { FieldsProps } from './fieldsProps'

export function NameField({ draft, faults, change }: FieldsProps) {
  return (
    <TextField
      label="Name"
      value={draft.name}
      fault={faults.name}
      placeholder="Shops of the spring"
      onChange={(name) => change({ name })}
    />
  )
}

export function AdvanceField({ draft, change }: FieldsProps) {
  return (
    <ChoiceField
      label="When a phase is completed"
      value={draft.advance}
      choices={[
        ['automatic', 'The next one starts by itself'],
        ['manual', 'It waits for you'],
      ]}
      onChange={(advance) => change({ advance })}
    />
  )
}

/** What belongs to the whole campaign, and may be changed later. */
import { ChoiceField } from '../parts/fields'
import { BoundText } from './boundFields'
import type { FieldsProps } from './fieldsProps'

export function NameField(form: FieldsProps) {
  return <BoundText form={form} name="name" label="Name" placeholder="Shops of the spring" />
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

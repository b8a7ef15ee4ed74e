/** Controls of a draft, each bound to one of its fields by name: value, fault and change are the draft's own. */
import { CheckField, TextAreaField, type TextAreaFieldProps, TextField, type TextFieldProps } from '../parts/fields'
import { DEFAULTS } from './defaults'
import type { Draft } from './draft'
import type { FieldsProps } from './fieldsProps'

type TextName = { [Name in keyof Draft]: string extends Draft[Name] ? Name : never }[keyof Draft]
type FlagName = { [Name in keyof Draft]: Draft[Name] extends boolean ? Name : never }[keyof Draft]

interface Bound<Name> {
  readonly form: FieldsProps
  readonly name: Name
}

type Own = 'value' | 'fault' | 'onChange'

/** What the server takes where nothing is typed. */
const PLACEHOLDERS: Partial<Record<TextName, string>> = DEFAULTS

export function BoundText({ form, name, ...rest }: Bound<TextName> & Omit<TextFieldProps, Own>) {
  return <TextField placeholder={PLACEHOLDERS[name]} {...rest} {...bindText(form, name)} />
}

export function BoundTextArea({ form, name, ...rest }: Bound<TextName> & Omit<TextAreaFieldProps, Own>) {
  return <TextAreaField {...rest} {...bindText(form, name)} />
}

export function BoundCheck({ form, name, label }: Bound<FlagName> & { readonly label: string }) {
  return <CheckField label={label} isOn={form.draft[name]} onChange={(isOn) => form.change({ [name]: isOn })} />
}

function bindText(form: FieldsProps, name: TextName): Pick<TextFieldProps, Own> {
  return { value: form.draft[name], fault: form.faults[name], onChange: (typed) => form.change({ [name]: typed }) }
}

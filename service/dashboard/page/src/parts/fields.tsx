/** Labelled controls of forms: each with its hint, and with what the server says is wrong with it. */
import './fields.css'
import { type ReactNode, useId, useState } from 'react'

interface FieldProps {
  readonly label: string
  readonly hint?: ReactNode
  /** What is wrong with it. */
  readonly fault?: string | undefined
}

export interface TextFieldProps extends FieldProps {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly type?: 'text' | 'number' | 'datetime-local'
  readonly isFixed?: boolean
  readonly isRequired?: boolean
  readonly placeholder?: string | undefined
  readonly step?: string
}

export function TextField({ label, hint, fault, value, onChange, type = 'text', ...rest }: TextFieldProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={`input ${rest.isFixed ? 'fixed' : ''}`}
        type={type}
        step={rest.step ?? (type === 'number' ? 'any' : undefined)}
        required={rest.isRequired}
        placeholder={rest.placeholder}
        spellCheck={false}
        autoComplete="off"
        value={value}
        aria-invalid={fault !== undefined}
        aria-describedby={`${id}-note`}
        onChange={(event) => onChange(event.target.value)}
      />
      <Note id={`${id}-note`} hint={hint} fault={fault} />
    </div>
  )
}

export interface TextAreaFieldProps extends FieldProps {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly rows?: number
  readonly placeholder?: string
}

export function TextAreaField({ label, hint, fault, value, onChange, rows = 3, placeholder }: TextAreaFieldProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        className="input fixed"
        rows={rows}
        placeholder={placeholder}
        spellCheck={false}
        value={value}
        aria-invalid={fault !== undefined}
        aria-describedby={`${id}-note`}
        onChange={(event) => onChange(event.target.value)}
      />
      <Note id={`${id}-note`} hint={hint} fault={fault} />
    </div>
  )
}

function Note({ id, hint, fault }: { readonly id: string } & Pick<FieldProps, 'hint' | 'fault'>) {
  return (
    <p id={id} className={fault === undefined ? 'note' : 'note wrong'}>
      {fault ?? hint}
    </p>
  )
}

interface ChoiceFieldProps<Value extends string> extends FieldProps {
  readonly value: Value
  readonly choices: readonly (readonly [Value, string])[]
  readonly onChange: (value: Value) => void
}

/** One of a few, all of them in sight. */
export function ChoiceField<Value extends string>({ label, hint, fault, value, choices, onChange }: ChoiceFieldProps<Value>) {
  const name = useId()
  return (
    <fieldset className="field choice">
      <legend className="label">{label}</legend>
      <div className="choice-row">
        {choices.map(([choice, text]) => (
          <label key={choice} data-chosen={choice === value}>
            <input type="radio" name={name} checked={choice === value} onChange={() => onChange(choice)} />
            {text}
          </label>
        ))}
      </div>
      <Note id={`${name}-note`} hint={hint} fault={fault} />
    </fieldset>
  )
}

interface CheckFieldProps {
  readonly label: string
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
}

export function CheckField({ label, isOn, onChange }: CheckFieldProps) {
  return (
    <label className="check">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  )
}

interface DisclosureProps {
  readonly title: string
  /** Something in it is wrong. */
  readonly mustShow?: boolean
  readonly children: ReactNode
}

/** What few will want: folded away until somebody asks for it, or something in it is wrong. */
export function Disclosure({ title, mustShow = false, children }: DisclosureProps) {
  const [isOpen, open] = useState(mustShow)
  return (
    <details className="disclosure" open={isOpen || mustShow} onToggle={(event) => open(event.currentTarget.open)}>
      <summary>{title}</summary>
      <div className="disclosure-inside">{children}</div>
    </details>
  )
}

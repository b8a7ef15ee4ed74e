/** How names are made. */
import './configuring.css'
import { ChoiceField } from '../parts/fields'
import { BoundText } from './boundFields'
import type { FieldsProps } from './fieldsProps'
import { DIGITS, LETTERS } from './draft'

const CHARACTER_SETS: readonly (readonly [string, string])[] = [
  ['a to z', LETTERS],
  ['with digits', LETTERS + DIGITS],
  ['with the hyphen', `${LETTERS}${DIGITS}-`],
]

export function PatternFields(form: FieldsProps) {
  const { draft, change } = form
  return (
    <section className="card panel" aria-labelledby="pattern-title">
      <h2 id="pattern-title">Pattern</h2>
      <ChoiceField
        label="Varying characters stand"
        value={draft.pattern}
        choices={[
          ['prefix', 'Before'],
          ['suffix', 'After'],
          ['both', 'On both sides'],
        ]}
        onChange={(pattern) => change({ pattern })}
      />
      <div className="field-row">
        <BoundText form={form} name="constant" label="Fixed part" isFixed />
        <BoundText
          form={form}
          name="length"
          label={draft.pattern === 'both' ? 'How many before' : 'How many vary'}
          type="number"
        />
        {draft.pattern === 'both' && (
          <BoundText form={form} name="secondLength" label="How many after" type="number" />
        )}
      </div>
      <div>
        <BoundText form={form} name="characters" label="Characters" isFixed />
        <div className="ready-sets" role="group" aria-label="Ready sets of characters">
          {CHARACTER_SETS.map(([name, characters]) => (
            <button key={name} type="button" className="button quiet" onClick={() => change({ characters })}>
              {name}
            </button>
          ))}
        </div>
      </div>
      <BoundText form={form} name="tlds" label="Top-level domains" isFixed hint="Separated by blanks or commas." />
      <div className="field-row">
        <BoundText form={form} name="count" label="How many names" hint="Over all top-level domains together." />
        <BoundText
          form={form}
          name="offset"
          label="Begin at"
          placeholder="where the last one ended"
          hint="What lies below is skipped for good."
        />
      </div>
    </section>
  )
}

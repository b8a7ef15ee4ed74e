/** How names are made. */
import './configuring.css'
import { ChoiceField, TextField } from '../parts/fields'
import type { FieldsProps } from './fieldsProps'
import { DIGITS, LETTERS } from './draft'

const CHARACTER_SETS: readonly (readonly [string, string])[] = [
  ['a to z', LETTERS],
  ['with digits', LETTERS + DIGITS],
  ['with the hyphen', `${LETTERS}${DIGITS}-`],
]

export function PatternFields({ draft, faults, change }: FieldsProps) {
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
        <TextField
          label="Fixed part"
          isFixed
          value={draft.constant}
          fault={faults.constant}
          onChange={(constant) => change({ constant })}
        />
        <TextField
          label={draft.pattern === 'both' ? 'How many before' : 'How many vary'}
          type="number"
          value={draft.length}
          fault={faults.length}
          onChange={(length) => change({ length })}
        />
        {draft.pattern === 'both' && (
          <TextField
            label="How many after"
            type="number"
            value={draft.secondLength}
            fault={faults.secondLength}
            onChange={(secondLength) => change({ secondLength })}
          />
        )}
      </div>
      <div>
        <TextField
          label="Characters"
          isFixed
          value={draft.characters}
          fault={faults.characters}
          onChange={(characters) => change({ characters })}
        />
        <div className="ready-sets" role="group" aria-label="Ready sets of characters">
          {CHARACTER_SETS.map(([name, characters]) => (
            <button key={name} type="button" className="button quiet" onClick={() => change({ characters })}>
              {name}
            </button>
          ))}
        </div>
      </div>
      <TextField
        label="Top-level domains"
        isFixed
        value={draft.tlds}
        fault={faults.tlds}
        hint="Separated by blanks or commas."
        onChange={(tlds) => change({ tlds })}
      />
      <div className="field-row">
        <TextField
          label="How many names"
          value={draft.count}
          fault={faults.count}
          hint="Over all top-level domains together."
          onChange={(count) => change({ count })}
        />
        <TextField
          label="Begin at"
          value={draft.offset}
          fault={faults.offset}
          placeholder="where the last one ended"
          hint="What lies below is skipped for good."
          onChange={(offset) => change({ offset })}
        />
      </div>
    </section>
  )
}

/** What the phases after the names are told. What stays empty is as the server would have it. */
import './configuring.css'
import { CheckField, Disclosure, TextAreaField, TextField } from '../parts/fields'
import { COMPONENTS } from '../words/score'
import { DEFAULTS } from './defaults'
import { WEIGHTS } from './draft'
import type { FieldsProps } from './fieldsProps'

export function DnsFields({ draft, faults, change }: FieldsProps) {
  return (
    <section className="card panel" aria-labelledby="dns-title">
      <h2 id="dns-title">DNS</h2>
      {draft.network === 'internet' && (
        <TextAreaField
          label="Resolvers"
          rows={2}
          value={draft.resolvers}
          fault={faults.resolvers}
          placeholder="192.0.2.53"
          hint="Addresses, such as 192.0.2.53 or 192.0.2.53:5353 or [2001:db8::53]:53."
          onChange={(resolvers) => change({ resolvers })}
        />
      )}
      <div className="field-row">
        <TextField
          label="Queries a second at most"
          type="number"
          value={draft.queriesPerSecond}
          fault={faults.queriesPerSecond}
          placeholder="no cap"
          hint="Of all workers together."
          onChange={(queriesPerSecond) => change({ queriesPerSecond })}
        />
        <TextField
          label="To each resolver"
          type="number"
          value={draft.perResolver}
          fault={faults.perResolver}
          placeholder="no cap"
          onChange={(perResolver) => change({ perResolver })}
        />
        <TextField
          label="Attempts"
          type="number"
          value={draft.attempts}
          fault={faults.attempts}
          placeholder={DEFAULTS.attempts}
          onChange={(attempts) => change({ attempts })}
        />
        <TextField
          label="Seconds for each"
          type="number"
          value={draft.dnsTimeout}
          fault={faults.dnsTimeout}
          placeholder={DEFAULTS.dnsTimeout}
          onChange={(dnsTimeout) => change({ dnsTimeout })}
        />
      </div>
      <CheckField label="Ask for IPv6 addresses, too" isOn={draft.withIpv6} onChange={(withIpv6) => change({ withIpv6 })} />
      <CheckField
        label="Find out which parents answer for every name"
        isOn={draft.detectWildcards}
        onChange={(detectWildcards) => change({ detectWildcards })}
      />
    </section>
  )
}

export function HttpFields(props: FieldsProps) {
  const { draft, faults, change } = props
  return (
    <section className="card panel" aria-labelledby="http-title">
      <h2 id="http-title">HTTP</h2>
      <TextAreaField
        label="Keywords"
        rows={4}
        value={draft.keywords}
        fault={faults.keywords}
        placeholder={'pricing\ncontact us\n/careers?|jobs/'}
        hint="One a line, looked for in what a page shows. Between slashes it is a regular expression."
        onChange={(keywords) => change({ keywords })}
      />
      <div className="field-row">
        <TextField
          label="Seconds for a page"
          type="number"
          value={draft.httpTimeout}
          fault={faults.httpTimeout}
          placeholder={DEFAULTS.httpTimeout}
          onChange={(httpTimeout) => change({ httpTimeout })}
        />
        <TextField
          label="Pages at a time, of each worker"
          type="number"
          value={draft.concurrency}
          fault={faults.concurrency}
          placeholder={DEFAULTS.concurrency}
          onChange={(concurrency) => change({ concurrency })}
        />
        <TextField
          label="Bytes a second at most"
          value={draft.bytesPerSecond}
          fault={faults.bytesPerSecond}
          placeholder="no cap"
          hint="Of all workers together."
          onChange={(bytesPerSecond) => change({ bytesPerSecond })}
        />
      </div>
      <CheckField
        label="A bad certificate is a failure"
        isOn={draft.verifyTls}
        onChange={(verifyTls) => change({ verifyTls })}
      />
      <PersonaFields {...props} />
    </section>
  )
}

function PersonaFields({ draft, faults, change }: FieldsProps) {
  const mustShow = [faults.userAgent, faults.acceptLanguage, faults.headers, faults.proxies].some(Boolean)
  return (
    <Disclosure title="How requests look, and by which way they go" mustShow={mustShow}>
      <div className="field-row">
        <TextField
          label="User agent"
          isFixed
          value={draft.userAgent}
          fault={faults.userAgent}
          placeholder={DEFAULTS.userAgent}
          onChange={(userAgent) => change({ userAgent })}
        />
        <TextField
          label="Languages"
          isFixed
          value={draft.acceptLanguage}
          fault={faults.acceptLanguage}
          placeholder={DEFAULTS.acceptLanguage}
          hint="As Accept-Language says it; a hyphen sends none."
          onChange={(acceptLanguage) => change({ acceptLanguage })}
        />
      </div>
      <TextAreaField
        label="More headers"
        rows={2}
        value={draft.headers}
        fault={faults.headers}
        placeholder="Referer: https://example.com/"
        hint="One a line."
        onChange={(headers) => change({ headers })}
      />
      <TextAreaField
        label="Proxies"
        rows={2}
        value={draft.proxies}
        fault={faults.proxies}
        placeholder="socks5://proxy.example:1080"
        hint="One a line, http:// or socks5://, without credentials. Then nothing is fetched but through them."
        onChange={(proxies) => change({ proxies })}
      />
    </Disclosure>
  )
}

export function AnalysisFields(props: FieldsProps) {
  const { draft, faults, change } = props
  return (
    <section className="card panel" aria-labelledby="analysis-title">
      <h2 id="analysis-title">Analysis</h2>
      <div className="field-row">
        <TextField
          label="A lead from this score on"
          type="number"
          value={draft.match}
          fault={faults.match}
          placeholder={DEFAULTS.match}
          hint="0 to 1."
          onChange={(match) => change({ match })}
        />
        <TextField
          label="Bytes that a page has at least"
          type="number"
          value={draft.contentBytes}
          fault={faults.contentBytes}
          placeholder={DEFAULTS.contentBytes}
          onChange={(contentBytes) => change({ contentBytes })}
        />
        <TextField
          label="Parked from this confidence on"
          type="number"
          value={draft.parkedFloor}
          fault={faults.parkedFloor}
          placeholder={DEFAULTS.parkedFloor}
          hint="0 to 1."
          onChange={(parkedFloor) => change({ parkedFloor })}
        />
      </div>
      <WeightFields {...props} />
    </section>
  )
}

function WeightFields({ draft, faults, change }: FieldsProps) {
  return (
    <Disclosure title="What a score is made of" mustShow={WEIGHTS.some((name) => faults[name])}>
      <p className="note">How much each part counts beside the others, 0 to 1; together they are taken as the whole.</p>
      <div className="field-row">
        {WEIGHTS.map((name) => (
          <TextField
            key={name}
            label={COMPONENTS[name]}
            type="number"
            value={draft[name]}
            fault={faults[name]}
            placeholder={DEFAULTS[name]}
            onChange={(weight) => change({ [name]: weight })}
          />
        ))}
      </div>
    </Disclosure>
  )
}

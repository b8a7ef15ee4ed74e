/** What the phases after the names are told. What stays empty is as the server would have it. */
import './configuring.css'
import { Disclosure } from '../parts/fields'
import { COMPONENTS } from '../words/score'
import { BoundCheck, BoundText, BoundTextArea } from './boundFields'
import { WEIGHTS } from './draft'
import type { FieldsProps } from './fieldsProps'

export function DnsFields(form: FieldsProps) {
  return (
    <section className="card panel" aria-labelledby="dns-title">
      <h2 id="dns-title">DNS</h2>
      {form.draft.network === 'internet' && (
        <BoundTextArea
          form={form}
          name="resolvers"
          label="Resolvers"
          rows={2}
          placeholder="192.0.2.53"
          hint="Addresses, such as 192.0.2.53 or 192.0.2.53:5353 or [2001:db8::53]:53."
        />
      )}
      <div className="field-row">
        <BoundText
          form={form}
          name="queriesPerSecond"
          label="Queries a second at most"
          type="number"
          placeholder="no cap"
          hint="Of all workers together."
        />
        <BoundText form={form} name="perResolver" label="To each resolver" type="number" placeholder="no cap" />
        <BoundText form={form} name="attempts" label="Attempts" type="number" />
        <BoundText form={form} name="dnsTimeout" label="Seconds for each" type="number" />
      </div>
      <BoundCheck form={form} name="withIpv6" label="Ask for IPv6 addresses, too" />
      <BoundCheck form={form} name="detectWildcards" label="Find out which parents answer for every name" />
    </section>
  )
}

export function HttpFields(form: FieldsProps) {
  return (
    <section className="card panel" aria-labelledby="http-title">
      <h2 id="http-title">HTTP</h2>
      <BoundTextArea
        form={form}
        name="keywords"
        label="Keywords"
        rows={4}
        placeholder={'pricing\ncontact us\n/careers?|jobs/'}
        hint="One a line, looked for in what a page shows. Between slashes it is a regular expression."
      />
      <div className="field-row">
        <BoundText form={form} name="httpTimeout" label="Seconds for a page" type="number" />
        <BoundText form={form} name="concurrency" label="Pages at a time, of each worker" type="number" />
        <BoundText
          form={form}
          name="bytesPerSecond"
          label="Bytes a second at most"
          placeholder="no cap"
          hint="Of all workers together."
        />
      </div>
      <BoundCheck form={form} name="verifyTls" label="A bad certificate is a failure" />
      <PersonaFields {...form} />
    </section>
  )
}

function PersonaFields(form: FieldsProps) {
  const { faults } = form
  const mustShow = [faults.userAgent, faults.acceptLanguage, faults.headers, faults.proxies].some(Boolean)
  return (
    <Disclosure title="How requests look, and by which way they go" mustShow={mustShow}>
      <div className="field-row">
        <BoundText form={form} name="userAgent" label="User agent" isFixed />
        <BoundText
          form={form}
          name="acceptLanguage"
          label="Languages"
          isFixed
          hint="As Accept-Language says it; a hyphen sends none."
        />
      </div>
      <BoundTextArea
        form={form}
        name="headers"
        label="More headers"
        rows={2}
        placeholder="Referer: https://example.com/"
        hint="One a line."
      />
      <BoundTextArea
        form={form}
        name="proxies"
        label="Proxies"
        rows={2}
        placeholder="socks5://proxy.example:1080"
        hint="One a line, http:// or socks5://, without credentials. Then nothing is fetched but through them."
      />
    </Disclosure>
  )
}

export function AnalysisFields(form: FieldsProps) {
  return (
    <section className="card panel" aria-labelledby="analysis-title">
      <h2 id="analysis-title">Analysis</h2>
      <div className="field-row">
        <BoundText form={form} name="match" label="A lead from this score on" type="number" hint="0 to 1." />
        <BoundText form={form} name="contentBytes" label="Bytes that a page has at least" type="number" />
        <BoundText form={form} name="parkedFloor" label="Parked from this confidence on" type="number" hint="0 to 1." />
      </div>
      <WeightFields {...form} />
    </section>
  )
}

function WeightFields(form: FieldsProps) {
  return (
    <Disclosure title="What a score is made of" mustShow={WEIGHTS.some((name) => form.faults[name])}>
      <p className="note">How much each part counts beside the others, 0 to 1; together they are taken as the whole.</p>
      <div className="field-row">
        {WEIGHTS.map((name) => (
          <BoundText key={name} form={form} name={name} label={COMPONENTS[name]} type="number" />
        ))}
      </div>
    </Disclosure>
  )
}

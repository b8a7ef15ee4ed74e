/** All that is known of one domain. */
import type { DnsFacts, HttpFacts } from 'phaseline-client'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { bytesText, countText, percentText } from '../words/numbers'
import { outcomeOf } from '../words/outcomes'
import { wordsOf } from '../words/phases'
import { Outcome, type Row } from './DomainRow'
import { PartsTable } from './Parts'

export function DomainSheet({ row, onClose }: { readonly row: Row; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  const { domain } = row
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog
      ref={dialog}
      className="sheet"
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div className="sheet-inside">
        <header className="sheet-head">
          <h2 id={heading}>{domain.domain}</h2>
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </header>
        <Verdict row={row} />
        <Http http={domain.http} />
        <Dns dns={domain.dns} />
        <p className="note">Place {countText(domain.position + 1)} of this campaign.</p>
      </div>
    </dialog>
  )
}

function Verdict({ row }: { readonly row: Row }) {
  const { analysis } = row.domain
  if (analysis === null) return null
  return (
    <section>
      <h3>Verdict</h3>
      <p>
        <Outcome phase="analysis" word={analysis.outcome} /> with a score of {analysis.score.toFixed(3)}.{' '}
        <span className="soft">{outcomeOf('analysis', analysis.outcome).meaning}</span>
      </p>
      {row.parts && <PartsTable parts={row.parts} />}
      {row.parts === null && (
        <p className="note">What it was made of is stale: an earlier phase was run again since.</p>
      )}
    </section>
  )
}

function Http({ http }: { readonly http: HttpFacts | null }) {
  if (http === null) return <Missing name="HTTP" />
  return (
    <section>
      <h3>HTTP</h3>
      <p>
        <Outcome phase="http_validation" word={http.outcome} code={http.statusCode} />{' '}
        <span className="soft">{outcomeOf('http_validation', http.outcome).meaning}</span>
      </p>
      <dl className="facts">
        <Fact name="Title">{http.title}</Fact>
        <Fact name="Ended at">{http.finalUrl}</Fact>
        <Fact name="TLS">{http.tlsFault && wordsOf(http.tlsFault)}</Fact>
        <Fact name="Size">{http.bodyBytes > 0 && bytesText(http.bodyBytes)}</Fact>
        <Fact name="Took">{countText(http.durationMs)} ms</Fact>
        <Fact name="Parked">
          {http.parkedConfidence > 0 && `${percentText(100 * http.parkedConfidence)} sure`}
        </Fact>
        <Fact name="Keywords">
          {http.keywords.length > 0 && `${http.keywords.join(', ')} (${countText(http.keywordHits)} times in all)`}
        </Fact>
        <Fact name="Content">{http.contentHash && <code>{http.contentHash}</code>}</Fact>
        <Fact name="Likeness">{http.nearHash && <code>{http.nearHash}</code>}</Fact>
      </dl>
      {http.keywordContexts.length > 0 && <Contexts http={http} />}
    </section>
  )
}

function Contexts({ http }: { readonly http: HttpFacts }) {
  return (
    <ul className="contexts">
      {http.keywordContexts.map((context, index) => (
        <li key={context}>
          <span className="label">{http.keywords[index]}</span>
          <q>{context}</q>
        </li>
      ))}
    </ul>
  )
}

function Dns({ dns }: { readonly dns: DnsFacts | null }) {
  if (dns === null) return <Missing name="DNS" />
  return (
    <section>
      <h3>DNS</h3>
      <p>
        <Outcome phase="dns_validation" word={dns.outcome} />{' '}
        <span className="soft">{outcomeOf('dns_validation', dns.outcome).meaning}</span>
      </p>
      <dl className="facts">
        <Fact name="Addresses">{dns.addresses.join(', ')}</Fact>
        <Fact name="Alias of">{dns.canonicalName}</Fact>
        <Fact name="Took">{countText(dns.durationMs)} ms</Fact>
      </dl>
    </section>
  )
}

function Missing({ name }: { readonly name: string }) {
  return (
    <section>
      <h3>{name}</h3>
      <p className="soft">This phase has not come to it, or leaves it out.</p>
    </section>
  )
}

/** Left out where there is nothing to say. */
function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  if (children === null || children === undefined || children === false || children === '') return null
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}


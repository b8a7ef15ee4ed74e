/** What the campaign that is being typed would make, and what it would take. */
import type { CampaignEstimate, PatternPreview } from 'phaseline-client'
import { sentenceOf } from '../asking/sentences'
import { EstimateTable } from '../estimating/EstimateTable'
import { Sentence } from '../parts/Sentence'
import { countText } from '../words/numbers'
import { PHASES } from '../words/phases'
import type { Typed } from './usePreview'

interface PreviewPanelProps {
  readonly preview: Typed<PatternPreview>
  readonly estimate: Typed<CampaignEstimate>
}

export function PreviewPanel({ preview, estimate }: PreviewPanelProps) {
  const error = preview.error ?? estimate.error
  const isCurrent = preview.isCurrent && estimate.isCurrent
  return (
    <aside className="preview" aria-label="Preview" aria-busy={!isCurrent}>
      <p className="note wrong" role="status">
        {error !== undefined && sentenceOf(error)}
      </p>
      <section className="card panel" aria-labelledby="makes-title" data-old={!preview.isCurrent || preview.error !== undefined}>
        <h2 id="makes-title">What it would make</h2>
        {preview.data && <Made data={preview.data} />}
      </section>
      <section className="card panel" aria-labelledby="takes-title" data-old={!estimate.isCurrent || estimate.error !== undefined}>
        <h2 id="takes-title">What it would take</h2>
        <EstimateTable phases={PHASES} estimates={estimate.data?.phases} />
      </section>
    </aside>
  )
}

function Made({ data }: { readonly data: PatternPreview }) {
  return (
    <>
      <dl className="preview-facts">
        <div>
          <dt>Names for each top-level domain</dt>
          <dd>{countText(data.spaceSize)}</dd>
        </div>
        <div>
          <dt>of which keep the rules</dt>
          <dd>{countText(data.validNames)}</dd>
        </div>
        {data.tlds.map(({ tld, left }) => (
          <div key={tld}>
            <dt className="cut">
              left of <span className="fixed">.{tld}</span>
            </dt>
            <dd>{countText(left)}</dd>
          </div>
        ))}
      </dl>
      {data.warnings.map(({ code, message }) => (
        <p key={code} className="preview-warning">
          <Sentence>{message}</Sentence>
        </p>
      ))}
      <h3 className="label">The next ones</h3>
      <ul className="preview-samples fixed">
        {data.samples.slice(0, 12).map((name) => (
          <li key={name} className="cut" title={name}>
            {name}
          </li>
        ))}
      </ul>
    </>
  )
}

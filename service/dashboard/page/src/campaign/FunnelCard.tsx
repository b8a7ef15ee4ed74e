/** From candidates to leads: how many passed each stage. */
import type { Funnel, FunnelStage } from 'phaseline-client'
import { Link } from '../app/Link'
import type { Asking } from '../asking/useAnswer'
import { Trouble } from '../parts/Told'
import { countText, percentText } from '../words/numbers'
import { innerName } from '../words/phases'

type StageName = 'generated' | 'resolved' | 'reached' | 'keywordHits' | 'leads'

// Which of them can be looked at one by one, and where.
const STAGES: readonly (readonly [StageName, string, string | undefined])[] = [
  ['generated', 'Names', '/domains'],
  ['resolved', 'Resolved', '/domains?dns=resolved'],
  ['reached', 'Page reached', '/domains?http=reached'],
  ['keywordHits', 'With a keyword', undefined],
  ['leads', 'Leads', '/leads'],
]

interface FunnelCardProps {
  readonly campaignId: string
  readonly asking: Asking<Funnel>
}

export function FunnelCard({ campaignId, asking }: FunnelCardProps) {
  const { data, error, askAgain } = asking
  const widest = data?.generated?.passed ?? data?.resolved?.entered ?? 0
  return (
    <section className="card panel" aria-labelledby="funnel-title">
      <h2 id="funnel-title">From names to leads</h2>
      {data === undefined && error !== undefined && <Trouble error={error} onAgain={askAgain} />}
      <ol className="funnel" aria-busy={data === undefined && error === undefined}>
        {STAGES.map(([name, label, view]) => (
          <Stage
            key={name}
            label={label}
            to={view && `/campaigns/${campaignId}${view}`}
            stage={data?.[name] ?? null}
            widest={widest}
          />
        ))}
      </ol>
      {data && data.stale.length > 0 && (
        <p className="note">
          Stale, from before an earlier phase was run again: {data.stale.map(innerName).join(', ')}.
        </p>
      )}
    </section>
  )
}

interface StageProps {
  readonly label: string
  readonly to: string | undefined
  readonly stage: FunnelStage | null
  readonly widest: number
}

function Stage({ label, to, stage, widest }: StageProps) {
  const share = stage && widest > 0 ? stage.passed / widest : 0
  return (
    <li>
      <span className="funnel-label">{to && stage ? <Link to={to}>{label}</Link> : label}</span>
      <span className="funnel-track">
        <span className="funnel-bar" style={{ transform: `scaleX(${share})` }} />
      </span>
      <span className="funnel-count">{stage ? countText(stage.passed) : '–'}</span>
      <span className="funnel-share soft">{stage ? percentText(share * 100) : ''}</span>
    </li>
  )
}

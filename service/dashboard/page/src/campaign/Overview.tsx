/** Where a campaign stands: its phases, how fast they go, what comes out, and why it moves or does not. */
import { Suspense } from 'react'
import { later } from '../app/ahead'
import { usePages } from '../asking/usePages'
import { useAnswer } from '../asking/useAnswer'
import { client } from '../session/client'
import { useMay } from '../session/session'
import type { Transition } from 'phaseline-client'
import { Audit } from './Audit'
import type { ViewProps } from './CampaignPage'
import { FunnelCard } from './FunnelCard'
import { Outcomes } from './Outcomes'
import { PhaseRail } from './PhaseRail'
import { Why } from './Why'

const TRANSITIONS = 20
const ImportCard = later(() => import('../importing/ImportCard'))
const RateChart = later(() => import('./RateChart'))

export function Overview({ campaign, phases, moves, askAgain }: ViewProps) {
  const path = { campaignId: campaign.id }
  const standing = `${phases.currentPhase} ${phases.phaseStatus} ${campaign.version}`
  const transitions = usePages<Transition>(
    (cursor, signal) => client.campaigns.listTransitions({ path, query: { limit: TRANSITIONS, cursor }, signal }),
    [campaign.id],
    standing,
  )
  const funnel = useAnswer((signal) => client.domains.getFunnel({ path, signal }), [campaign.id], moves)
  const explanation = useAnswer((signal) => client.campaigns.explainCampaign({ path, signal }), [campaign.id], moves)
  const takesNames =
    useMay('write') &&
    campaign.initialPhase !== 'domain_generation' &&
    phases.currentPhase === campaign.initialPhase &&
    phases.phaseStatus === 'pending'
  return (
    <>
      {takesNames && (
        <div className="overview-import">
          <Suspense fallback={null}>
            <ImportCard campaignId={campaign.id} onDone={() => (askAgain(), transitions.fromTheTop())} />
          </Suspense>
        </div>
      )}
      <PhaseRail phases={phases} transitions={transitions.items} />
      <div className="overview">
        <div className="overview-column">
          <section className="card panel" aria-labelledby="rate-title">
            <h2 id="rate-title">Domains a second</h2>
            <Suspense fallback={<div className="rate-chart" />}>
              <RateChart campaignId={campaign.id} />
            </Suspense>
          </section>
          <Outcomes campaignId={campaign.id} phases={phases} />
        </div>
        <div className="overview-column">
          <Why asking={explanation} />
          <FunnelCard campaignId={campaign.id} asking={funnel} />
        </div>
      </div>
      <Audit transitions={transitions} />
    </>
  )
}

/** One campaign: its head, and one view of it below. */
import './campaign.css'
import { type Campaign, NotFound, type Phases } from 'phaseline-client'
import { type ComponentType, Suspense } from 'react'
import { later } from '../app/ahead'
import { useAnswer } from '../asking/useAnswer'
import { Heading } from '../app/Heading'
import { Link } from '../app/Link'
import { useMoves } from '../live/useMoves'
import { useProgress } from '../live/progress'
import { Told, Trouble } from '../parts/Told'
import { client } from '../session/client'
import { CampaignHead } from './CampaignHead'
import { Overview } from './Overview'
import { withNews } from './phases'

export interface ViewProps {
  readonly campaign: Campaign
  readonly phases: Phases
  /** Counts up when the campaign has moved. */
  readonly moves: number
  readonly askAgain: () => void
}

const VIEWS: Readonly<Record<string, ComponentType<ViewProps>>> = {
  domains: later(() => import('../domains/DomainsView')),
  leads: later(() => import('../domains/LeadsView')),
  configuration: later(() => import('./ConfigurationView')),
}

export default function CampaignPage({ campaignId = '', view = '' }: Readonly<Record<string, string>>) {
  const moves = useMoves(campaignId)
  const path = { campaignId }
  const campaign = useAnswer((signal) => client.campaigns.getCampaign({ path, signal }), [campaignId], moves)
  const phases = useAnswer((signal) => client.campaigns.getPhases({ path, signal }), [campaignId], moves)
  const news = useProgress(campaignId)
  const error = campaign.error ?? phases.error
  const again = (): void => (campaign.askAgain(), phases.askAgain())

  if (news?.deleted || error instanceof NotFound) return <Gone />
  if (campaign.data === undefined || phases.data === undefined)
    return error === undefined ? <Coming /> : <Trouble error={error} onAgain={again} />
  const now = withNews(phases.data, news)
  const View = view === '' ? Overview : VIEWS[view]
  return (
    <>
      <CampaignHead campaign={campaign.data} phases={now} view={view} onDone={again} />
      {error !== undefined && <Trouble error={error} onAgain={again} />}
      <Suspense fallback={<span className="bone" style={{ width: '40%' }} />}>
        {View ? (
          <View campaign={campaign.data} phases={now} moves={moves} askAgain={again} />
        ) : (
          <NoSuchView campaignId={campaignId} />
        )}
      </Suspense>
    </>
  )
}

function Gone() {
  return (
    <>
      <Heading hidden>No such campaign</Heading>
      <Told
        title="There is no such campaign"
        action={
          <Link to="/" className="button">
            All campaigns
          </Link>
        }
      >
        It was deleted, or its address is misspelled.
      </Told>
    </>
  )
}

function NoSuchView({ campaignId }: { readonly campaignId: string }) {
  return (
    <Told
      title="There is no such page"
      action={
        <Link to={`/campaigns/${campaignId}`} className="button">
          To the campaign
        </Link>
      }
    >
      Its address may be misspelled.
    </Told>
  )
}

function Coming() {
  return (
    <div aria-busy="true">
      <span className="bone" style={{ width: '16rem', height: '1.5rem', marginBottom: '3.5rem' }} />
      <div className="card rail">
        {[0, 1, 2, 3].map((each) => (
          <div key={each} className="rail-phase">
            <span className="bone" style={{ width: '60%' }} />
          </div>
        ))}
      </div>
    </div>
  )
}

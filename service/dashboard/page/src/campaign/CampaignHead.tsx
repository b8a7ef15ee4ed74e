/** Which campaign this is, how it stands, and what can be done to it. */
import type { Campaign, Phases } from 'phaseline-client'
import { Suspense, useState } from 'react'
import { later } from '../app/ahead'
import { Heading } from '../app/Heading'
import { Link } from '../app/Link'
import { changeQuery, usePlace } from '../app/router'
import { StatusMark } from '../parts/StatusMark'
import { useMay } from '../session/session'
import { phaseName } from '../words/phases'
import { wholeInstantText } from '../words/times'
import { actsFor, deletion } from './acts'

const ActDialog = later(() => import('./ActDialog'))

interface HeadProps {
  readonly campaign: Campaign
  readonly phases: Phases
  readonly view: string
  readonly onDone: () => void
}

const VIEWS: readonly (readonly [string, string])[] = [
  ['', 'Overview'],
  ['domains', 'Domains'],
  ['leads', 'Leads'],
  ['configuration', 'Configuration'],
]

export function CampaignHead({ campaign, phases, view, onDone }: HeadProps) {
  return (
    <header className="head">
      <p className="small">
        <Link to="/">Campaigns</Link>
      </p>
      <div className="head-line">
        <Heading>{campaign.name}</Heading>
        <Acts campaign={campaign} phases={phases} onDone={onDone} />
      </div>
      <p className="head-facts">
        <StatusMark status={phases.phaseStatus} />
        <span>{phaseName(phases.currentPhase)}</span>
        <span>{campaign.configuration.network === 'sandbox' ? 'In the sandbox' : 'On the internet'}</span>
        <span>{campaign.configuration.advance === 'automatic' ? 'Goes on by itself' : 'Phase by phase'}</span>
        <span title={wholeInstantText(campaign.updatedAt)}>Created {wholeInstantText(campaign.createdAt)}</span>
      </p>
      <nav className="views" aria-label="Of this campaign">
        {VIEWS.map(([name, label]) => (
          <Link
            key={name}
            to={`/campaigns/${campaign.id}${name && `/${name}`}`}
            aria-current={name === view ? 'page' : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
    </header>
  )
}

function Acts({ campaign, phases, onDone }: Pick<HeadProps, 'campaign' | 'phases' | 'onDone'>) {
  const [first, ...others] = actsFor(campaign, phases)
  const { query } = usePlace()
  // Whoever has just made the campaign is asked at once whether to start it.
  const [asked, ask] = useState(query.get('act') === first?.kind ? first : undefined)
  if (!useMay('write')) return null
  const close = (): void => {
    ask(undefined)
    if (query.has('act')) changeQuery({ act: '' })
  }
  return (
    <div className="acts" role="group" aria-label="What can be done">
      {[...others, deletion(campaign)].reverse().map((act) => (
        <button
          key={act.kind + act.phase}
          type="button"
          className={`button ${act.kind === 'delete' ? 'quiet' : ''}`}
          onClick={() => ask(act)}
        >
          {act.label}
        </button>
      ))}
      {first && (
        <button
          type="button"
          className={`button ${first.kind === 'rerun' ? '' : 'primary'}`}
          onClick={() => ask(first)}
        >
          {first.label}
        </button>
      )}
      {asked && (
        <Suspense fallback={<span role="status">One moment …</span>}>
          <ActDialog act={asked} campaign={campaign} phases={phases} onClose={close} onDone={onDone} />
        </Suspense>
      )}
    </div>
  )
}

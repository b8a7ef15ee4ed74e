/** One campaign in the list. What moves comes from the websocket alone, and renders this row alone, while it is in sight. */
import type { Campaign, CampaignProgress } from 'phaseline-client'
import { memo, type RefObject, useRef } from 'react'
import { Link } from '../app/Link'
import { useProgress } from '../live/progress'
import { useInSight } from '../live/useInSight'
import { Bar } from '../parts/Bar'
import { StatusMark } from '../parts/StatusMark'
import { countText, percentText, rateText, shortCount } from '../words/numbers'
import { phaseName } from '../words/phases'
import { durationText, instantText, wholeInstantText } from '../words/times'

export const CampaignRow = memo(function CampaignRow({ campaign }: { readonly campaign: Campaign }) {
  const row = useRef<HTMLDivElement>(null)
  const news = useProgress(campaign.id, useInSight(row))
  const { phase, phaseStatus, progress } = news ?? {
    phase: campaign.currentPhase,
    phaseStatus: campaign.phaseStatus,
    progress: campaign.progress,
  }
  if (news?.deleted) return <DeletedRow name={campaign.name} row={row} />
  return (
    <div ref={row} role="row" className="campaign-row">
      <span role="cell" className="campaign-name cut">
        <Link to={`/campaigns/${campaign.id}`} title={campaign.name}>
          {campaign.name}
        </Link>
      </span>
      <span role="cell" className="campaign-phase cut">
        {phaseName(phase)}
      </span>
      <span role="cell" className="campaign-status">
        <StatusMark status={phaseStatus} />
      </span>
      <span role="cell" className="campaign-progress">
        <Bar percent={progress} status={phaseStatus} label={`${campaign.name}, ${phaseName(phase)}`} />
        <span className="campaign-percent">{percentText(progress)}</span>
      </span>
      <Counts news={news} />
      <span role="cell" className="campaign-created faint right" title={wholeInstantText(campaign.createdAt)}>
        {instantText(campaign.createdAt)}
      </span>
    </div>
  )
})

function Counts({ news }: { readonly news: CampaignProgress | undefined }) {
  const isRunning = news?.phaseStatus === 'running'
  const hasCounts = news !== undefined && news.phaseStatus !== 'pending'
  return (
    <>
      <span
        role="cell"
        className="campaign-counts right"
        title={hasCounts ? `${countText(news.processed)} of ${countText(news.total)}` : undefined}
      >
        {hasCounts && (
          <>
            {shortCount(news.processed)} <span className="faint">of {shortCount(news.total)}</span>
          </>
        )}
      </span>
      <span role="cell" className="campaign-rate right">
        {isRunning && news.ratePerSecond > 0 && rateText(news.ratePerSecond)}
      </span>
      <span role="cell" className="campaign-left right">
        {isRunning && news.etaSeconds !== null && durationText(news.etaSeconds)}
      </span>
    </>
  )
}

function DeletedRow({ name, row }: { readonly name: string; readonly row: RefObject<HTMLDivElement | null> }) {
  return (
    <div ref={row} role="row" className="campaign-row campaign-deleted">
      <span role="cell" className="campaign-name cut">
        {name}
      </span>
      <span role="cell">deleted</span>
    </div>
  )
}

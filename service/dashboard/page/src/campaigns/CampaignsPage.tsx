/** All campaigns, newest first, as they move. */
import './campaigns.css'
import { type Campaign, CampaignPhase, isKnown, PhaseStatus } from 'phaseline-client'
import { useRef } from 'react'
import { usePages } from '../asking/usePages'
import { Heading } from '../app/Heading'
import { Link } from '../app/Link'
import { changeQuery, usePlace } from '../app/router'
import { useKnown } from '../live/progress'
import { PlusIcon } from '../parts/icons'
import { Told, Trouble } from '../parts/Told'
import { client } from '../session/client'
import { useMay } from '../session/session'
import { PHASES, phaseName, STATUSES, statusName } from '../words/phases'
import { CampaignRow } from './CampaignRow'

const PAGE_ITEMS = 50

export default function CampaignsPage() {
  const { query } = usePlace()
  const phase = wordIn(CampaignPhase, query.get('phase'))
  const status = wordIn(PhaseStatus, query.get('status'))
  const pages = usePages<Campaign>(
    (cursor, signal) =>
      client.campaigns.listCampaigns({
        query: { limit: PAGE_ITEMS, cursor, currentPhase: phase, phaseStatus: status },
        signal,
      }),
    [phase, status],
  )
  const mayWrite = useMay('write')
  const isFiltered = phase !== undefined || status !== undefined
  const hasNone = pages.isBegun && pages.items.length === 0

  return (
    <>
      <div className="page-head">
        <Heading>Campaigns</Heading>
        {mayWrite && <NewCampaign />}
      </div>
      <div className="campaigns-filters">
        <Filter name="phase" label="Phase" any="All phases" value={phase} words={PHASES} nameOf={phaseName} />
        <Filter name="status" label="Status" any="Any status" value={status} words={STATUSES} nameOf={statusName} />
        <NewOnes shown={pages.items} isBegun={pages.isBegun} isFiltered={isFiltered} onShow={pages.fromTheTop} />
      </div>
      {pages.error !== undefined && <Trouble error={pages.error} onAgain={pages.fromTheTop} />}
      {hasNone && !isFiltered && (
        <Told title="No campaigns yet" action={mayWrite && <NewCampaign />}>
          A campaign makes names from a pattern, or takes a list of yours, through all
          phases.
        </Told>
      )}
      {hasNone && isFiltered && <NoneOfThese />}
      {!hasNone && <CampaignList campaigns={pages.items} isBegun={pages.isBegun} />}
      {pages.hasMore && (
        <button type="button" className="button more" aria-busy={pages.isAsking} onClick={pages.more}>
          Show older campaigns
        </button>
      )}
    </>
  )
}

function NewCampaign() {
  return (
    <Link to="/campaigns/new" className="button primary">
      <PlusIcon />
      New campaign
    </Link>
  )
}

function wordIn<Words extends Record<string, string>>(words: Words, word: string | null): Words[keyof Words] | undefined {
  return word !== null && isKnown(words, word) ? word : undefined
}

interface FilterProps<Word extends string> {
  readonly name: string
  readonly label: string
  readonly any: string
  readonly value: Word | undefined
  readonly words: readonly Word[]
  readonly nameOf: (word: Word) => string
}

function Filter<Word extends string>({ name, label, any, value, words, nameOf }: FilterProps<Word>) {
  return (
    <select
      className="select campaigns-filter"
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => changeQuery({ [name]: event.target.value })}
    >
      <option value="">{any}</option>
      {words.map((word) => (
        <option key={word} value={word}>
          {nameOf(word)}
        </option>
      ))}
    </select>
  )
}

function NoneOfThese() {
  const showAll = (
    <button type="button" className="button" onClick={() => changeQuery({ phase: '', status: '' })}>
      Show all campaigns
    </button>
  )
  return (
    <Told title="No campaign is like this" action={showAll}>
      None stands in this phase with this status now.
    </Told>
  )
}

interface NewOnesProps {
  readonly shown: readonly Campaign[]
  readonly isBegun: boolean
  readonly isFiltered: boolean
  readonly onShow: () => void
}

/** Campaigns that were made meanwhile are offered, and not pushed in: what somebody is reading stays where it is. */
function NewOnes({ shown, isBegun, isFiltered, onShow }: NewOnesProps) {
  const heardOf = useKnown()
  const seen = useRef<ReadonlySet<string>>(new Set())
  const newest = shown[0]?.id ?? ''
  if (!isBegun) seen.current = new Set()
  // Ids begin with the time they were made at. Where nothing passes the filters, nothing says which ones are new.
  const isKnown = isBegun && (shown.length > 0 || !isFiltered)
  const count = isKnown ? heardOf.filter((id) => id > newest && !seen.current.has(id)).length : 0
  if (count === 0) return null
  const show = (): void => {
    seen.current = new Set(heardOf)
    onShow()
  }
  return (
    <button type="button" className="button" onClick={show}>
      Show {count} new
    </button>
  )
}

interface CampaignListProps {
  readonly campaigns: readonly Campaign[]
  readonly isBegun: boolean
}

function CampaignList({ campaigns, isBegun }: CampaignListProps) {
  return (
    <div className="card campaigns" role="table" aria-label="Campaigns" aria-busy={!isBegun}>
      <div role="rowgroup" className="campaigns-head">
        <div role="row" className="campaign-row">
          <span role="columnheader">Name</span>
          <span role="columnheader">Phase</span>
          <span role="columnheader">Status</span>
          <span role="columnheader">Progress</span>
          <span role="columnheader" className="right">
            Domains
          </span>
          <span role="columnheader" className="right">
            Rate
          </span>
          <span role="columnheader" className="right">
            Left
          </span>
          <span role="columnheader" className="right">
            Created
          </span>
        </div>
      </div>
      <div role="rowgroup">
        {campaigns.map((campaign) => (
          <CampaignRow key={campaign.id} campaign={campaign} />
        ))}
        {!isBegun && BONES.map((width) => <BoneRow key={width} width={width} />)}
      </div>
    </div>
  )
}

const BONES = [38, 62, 47, 71, 55]

function BoneRow({ width }: { readonly width: number }) {
  return (
    <div className="campaign-row" aria-hidden="true">
      <span className="bone" style={{ width: `${width}%` }} />
      <span className="bone" />
      <span className="bone" />
      <span className="bone" />
    </div>
  )
}

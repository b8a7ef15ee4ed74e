/** The domains of a campaign, those that are wanted, in the order that is wanted. */
import { type Domain, Sort } from 'phaseline-client'
import { useMemo } from 'react'
import { usePlace } from '../app/router'
import type { ViewProps } from '../campaign/CampaignPage'
import { client } from '../session/client'
import { DomainTable } from './DomainTable'
import { FilterBar } from './FilterBar'
import { afterOf, filtersIn, isNarrowed, queryOf } from './filters'

const PAGE_ITEMS = 200

export default function DomainsView({ campaign, phases }: ViewProps) {
  const { query } = usePlace()
  const wanted = query.toString()
  const filters = useMemo(() => filtersIn(new URLSearchParams(wanted)), [wanted])
  const path = { campaignId: campaign.id }
  const first = phases.phases[0]
  return (
    <>
      <FilterBar campaign={campaign} filters={filters} />
      <DomainTable
        key={campaign.id}
        about={JSON.stringify(filters)}
        ask={async (cursor, signal) => {
          const { items, ...rest } = await client.domains.listDomains({
            path,
            query: { ...queryOf(filters), after: afterOf(filters), sort: filters.sort, cursor, limit: PAGE_ITEMS },
            signal,
          })
          return { ...rest, items: items.map((domain: Domain) => ({ domain, parts: undefined })) }
        }}
        isNarrowed={isNarrowed(filters) || filters.sort === Sort.SCORE}
        emptyText={
          first?.number === 0 ? 'There are none before the first phase is started.' : 'No domain of this campaign is so.'
        }
      />
    </>
  )
}

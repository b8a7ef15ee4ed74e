/** The domains that qualified, best first, with what their scores are made of. */
import type { Lead } from 'phaseline-client'
import type { ViewProps } from '../campaign/CampaignPage'
import { client } from '../session/client'
import { DomainTable } from './DomainTable'
import { ExportLinks } from './ExportLinks'
import { filtersIn } from './filters'

const PAGE_ITEMS = 100
const QUALIFIED = filtersIn(new URLSearchParams({ verdict: 'qualified' }))

export default function LeadsView({ campaign, phases }: ViewProps) {
  const path = { campaignId: campaign.id }
  const analysis = phases.phases.find((run) => run.phase === 'analysis')
  return (
    <>
      <div className="filters">
        <p className="soft filters-note">Best first. What a score is made of stands in its bar, and in full behind it.</p>
        <ExportLinks campaignId={campaign.id} filters={QUALIFIED} />
      </div>
      <DomainTable
        key={campaign.id}
        // Another run of the analysis gives other leads.
        about={`${analysis?.number} ${analysis?.phaseStatus}`}
        ask={async (cursor, signal) => {
          const { items, ...rest } = await client.domains.listLeads({ path, query: { cursor, limit: PAGE_ITEMS }, signal })
          return { ...rest, items: items.map(({ domain, parts }: Lead) => ({ domain, parts })) }
        }}
        isNarrowed={false}
        emptyText={
          analysis?.phaseStatus === 'completed'
            ? 'No domain reached the score that is asked for.'
            : 'Leads are found by the analysis, which is not completed yet.'
        }
      />
    </>
  )
}

/** What phases of a campaign that is there would take. */
import type { CampaignPhase } from 'phaseline-client'
import { useAnswer } from '../asking/useAnswer'
import { EstimateTable } from '../estimating/EstimateTable'
import { client } from '../session/client'

interface EstimateProps {
  readonly campaignId: string
  readonly phases: readonly CampaignPhase[]
}

export function Estimate({ campaignId, phases }: EstimateProps) {
  const { data, error } = useAnswer(
    (signal) =>
      Promise.all(phases.map((phase) => client.domains.estimatePhase({ path: { campaignId, phase }, signal }))),
    [campaignId, phases.join()],
  )
  // The start itself will say what is wrong.
  return error === undefined ? <EstimateTable phases={phases} estimates={data} /> : null
}

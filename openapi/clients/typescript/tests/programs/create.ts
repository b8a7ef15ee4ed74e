// Creates a campaign, or makes a key, which is not safe to repeat; says what came of it.
import { here } from '../live/here.js'

const client = here()
const body = { name: 'once', initialPhase: 'dns_validation', configuration: { network: 'sandbox' } } as const
const asked =
  process.argv[2] === 'campaign'
    ? client.campaigns.createCampaign({ body })
    : client.access.makeKey({ body: { name: 'once' } })
console.log(await asked.then(
  ({ id }) => id,
  (error: Error) => error.name,
))

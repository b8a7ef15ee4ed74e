// Takes texts of JSON as answers of a server, sends what was read from them as bodies, and says what was sent.
import { Phaseline } from '../../src/index.js'

const chunks: Buffer[] = []
for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
const texts = JSON.parse(Buffer.concat(chunks).toString()) as string[]

let answer = ''
let sent = ''
const client = new Phaseline({
  url: 'http://127.0.0.1',
  fetch: async (_, init) => {
    if (init?.body) sent = new TextDecoder().decode(init.body as ArrayBuffer)
    return new Response(answer)
  },
})

const again: string[] = []
for (const text of texts) {
  answer = text
  const read = await client.campaigns.getCampaign({ path: { campaignId: 'any' } })
  await client.campaigns.createCampaign({ body: read as never })
  again.push(sent)
}
console.log(JSON.stringify(again))

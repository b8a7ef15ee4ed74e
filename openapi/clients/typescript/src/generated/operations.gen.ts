// Made from the contract by `make client-typescript`; a change here is lost.

/** Take an Idempotency-Key, so that asked twice they are done once. */
export const KEYED: ReadonlySet<string> = new Set([
  'POST /campaigns',
  'PATCH /campaigns/{campaignId}',
  'DELETE /campaigns/{campaignId}',
  'PUT /campaigns/{campaignId}/transition',
  'POST /campaigns/{campaignId}/pause',
  'POST /campaigns/{campaignId}/resume',
  'POST /campaigns/{campaignId}/cancel',
  'POST /campaigns/{campaignId}/retry',
])

/** Change nothing. */
export const READING: ReadonlySet<string> = new Set([
  'GET /campaigns',
  'GET /campaigns/{campaignId}',
  'GET /campaigns/{campaignId}/phases',
  'GET /campaigns/{campaignId}/transitions',
  'GET /campaigns/{campaignId}/domains',
  'GET /campaigns/{campaignId}/leads',
  'GET /campaigns/{campaignId}/funnel',
  'GET /campaigns/{campaignId}/domains/export',
  'GET /campaigns/{campaignId}/domains/import',
  'GET /campaigns/{campaignId}/domains/import/{importId}/rejects',
  'POST /pattern-previews',
  'POST /campaigns/{campaignId}/phases/{phase}/estimate',
  'GET /campaigns/{campaignId}/explain',
  'GET /workers',
  'GET /keys',
  'GET /acts',
  'GET /health/live',
  'GET /health/ready',
  'GET /settings',
])

/** Answer with a file, as long as it may be. */
export const STREAMED: ReadonlySet<string> = new Set([
  'GET /campaigns/{campaignId}/domains/export',
  'GET /campaigns/{campaignId}/domains/import/{importId}/rejects',
])

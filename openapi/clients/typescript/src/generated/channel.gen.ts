// Made from the contract by `make client-typescript`; a change here is lost.

import type { CampaignProgress, Refusal, Subscribe } from './messages/types.gen.js'

export const ADDRESS = '/ws'

export const CHANNEL = 'campaign.progress'

/** What the server sends. */
export type ServerMessage = CampaignProgress | Refusal

/** What a client sends. */
export type ClientMessage = Subscribe

export const SERVER_MESSAGE_TYPES: ReadonlySet<string> = new Set(['campaign.progress', 'error'])

/**
 * A client of Phaseline servers, for pages and for Node.
 *
 *   client -> campaigns -> watching -> sockets            the websocket, kept up
 *          -> domains -> exporting -> tables              a file, gone on with after a break
 *                     -> importing                        a list, sent as it is read
 *          -> server -> generated/                        one request, asked again
 *   calls  repeating  following  lines  errors  known     what these decide by: values and rules, no I/O
 *
 * Invariants: a command carries one Idempotency-Key in all its attempts; what is not safe to repeat is sent once, a list
 * too. A campaign's states come in the order of their `sequence`. Fields, words and messages that a later server adds do
 * no harm.
 */
export { Campaigns, hasEnded, type WaitOptions } from './campaigns.js'
export { Phaseline, type PhaselineOptions } from './client.js'
export { Domains } from './domains.js'
export * from './errors.js'
export type { ExportOptions, ExportProgress } from './exporting.js'
export type { Absence } from './following.js'
export type { ClientMessage, ServerMessage } from './generated/channel.gen.js'
export { Access, Operations, Workers } from './generated/sdk.gen.js'
export * from './generated/types.gen.js'
export type { ImportOptions, ListType, Rejected, Sent } from './importing.js'
export { isKnown } from './known.js'
export type { Repeating } from './repeating.js'
export type { Timeouts } from './server.js'
export type { SocketConstructor, SocketLike, SocketOptions } from './sockets.js'
export type { WatchOptions } from './watching.js'

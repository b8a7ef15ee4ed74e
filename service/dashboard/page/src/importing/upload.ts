/**
 * Sends a list of names, telling how much has gone out: `fetch` does not tell that, so this is an XMLHttpRequest. A list
 * is sent once; nothing of it is there before it is whole.
 */
import { type ImportReceipt, Interrupted, refusalOf } from 'phaseline-client'

export interface ListKind {
  readonly mediaType: 'text/plain' | 'text/csv' | 'application/x-ndjson'
  readonly isGzip: boolean
}

/** As the file's name says; text where it does not say. */
export function kindOf(name: string): ListKind {
  const lower = name.toLowerCase()
  const isGzip = lower.endsWith('.gz')
  const ending = (isGzip ? lower.slice(0, -'.gz'.length) : lower).split('.').at(-1)
  if (ending === 'csv') return { mediaType: 'text/csv', isGzip }
  if (ending === 'ndjson' || ending === 'jsonl') return { mediaType: 'application/x-ndjson', isGzip }
  return { mediaType: 'text/plain', isGzip }
}

export interface Upload {
  readonly campaignId: string
  readonly file: File
  /** Of CSV the column, of NDJSON the field with the names; empty for what the server takes by itself. */
  readonly column: string
  readonly onSent: (bytes: number) => void
  readonly signal: AbortSignal
}

/** The receipt; Refused or Interrupted otherwise, and the signal's reason where it was called off. */
export function upload({ campaignId, file, column, onSent, signal }: Upload): Promise<ImportReceipt> {
  const { mediaType, isGzip } = kindOf(file.name)
  const query = new URLSearchParams()
  if (column && mediaType === 'text/csv') query.set('column', column)
  if (column && mediaType === 'application/x-ndjson') query.set('field', column)
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `/campaigns/${encodeURIComponent(campaignId)}/domains/import?${query}`)
    request.setRequestHeader('Content-Type', mediaType)
    if (isGzip) request.setRequestHeader('Content-Encoding', 'gzip')
    request.upload.onprogress = (event) => onSent(event.loaded)
    request.onload = () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText) as ImportReceipt)
      else reject(refusalOf({ status: request.status, data: new TextEncoder().encode(request.responseText) }))
    }
    request.onerror = () => reject(new Interrupted('transfer_cut', 'The connection broke off.'))
    request.onabort = () => reject(signal.reason)
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(file)
  })
}

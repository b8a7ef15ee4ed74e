/** Saves what is shown, all of it, as a file. */
import { ExportFormat } from 'phaseline-client'
import { exportHref, type Filters } from './filters'

const NAMES: Readonly<Record<ExportFormat, string>> = { csv: 'CSV', ndjson: 'NDJSON', parquet: 'Parquet' }
const WHOLE = 'A whole file says so at its end: a last line in CSV and NDJSON, the footer in Parquet.'

export function ExportLinks({ campaignId, filters }: { readonly campaignId: string; readonly filters: Filters }) {
  return (
    <div className="exports" role="group" aria-label="Save as a file" title={WHOLE}>
      <span className="soft">Save as</span>
      {Object.values(ExportFormat).map((format) => (
        <a key={format} href={exportHref(campaignId, filters, format)} download={`domains-${campaignId}.${format}`}>
          {NAMES[format]}
        </a>
      ))}
    </div>
  )
}

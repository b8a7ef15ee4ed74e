/** A plain table; where there is little room, each row becomes a small list with the columns' names. */
import './table.css'
import type { ReactNode } from 'react'

export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => ReactNode
  readonly isNumber?: boolean
  /** Its name is for those alone who cannot see what stands in it. */
  readonly isUnnamed?: boolean
}

interface TableProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
}

export function Table<Row>({ label, columns, rows, keyOf }: TableProps<Row>) {
  return (
    <div className="card table-card">
      <table className="table">
        <caption className="hidden-text">{label}</caption>
        <thead>
          <tr>
            {columns.map(({ name, isNumber, isUnnamed }) => (
              <th key={name} scope="col" className={isNumber ? 'right' : undefined}>
                <span className={isUnnamed ? 'hidden-text' : undefined}>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ name, cell, isNumber, isUnnamed }) => (
                <td key={name} data-name={isUnnamed ? '' : name} className={isNumber ? 'right' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** In its place while the rows are asked for. */
export function TableComing() {
  return (
    <div className="card table-coming" aria-busy="true">
      {[64, 52, 71, 58].map((width) => (
        <span key={width} className="bone" style={{ width: `${width}%` }} />
      ))}
    </div>
  )
}

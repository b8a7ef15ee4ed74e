/** How far a phase is; the numbers stand beside it for those who cannot see it. */
import type { PhaseStatus } from 'phaseline-client'

interface BarProps {
  /** 0 to 100. */
  readonly percent: number
  readonly status: PhaseStatus
  readonly label: string
}

export function Bar({ percent, status, label }: BarProps) {
  return (
    <div
      className="bar"
      data-status={status}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(percent)}
    >
      <div style={{ transform: `scaleX(${percent / 100})` }} />
    </div>
  )
}

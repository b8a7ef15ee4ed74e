/** How a phase stands, told by shape, colour and word. */
import type { PhaseStatus } from 'phaseline-client'
import { statusName } from '../words/phases'
import { CancelledIcon, CompletedIcon, FailedIcon, PausedIcon, PendingIcon, RunningIcon } from './icons'

const ICONS = {
  pending: PendingIcon,
  running: RunningIcon,
  paused: PausedIcon,
  completed: CompletedIcon,
  failed: FailedIcon,
  cancelled: CancelledIcon,
} satisfies Record<PhaseStatus, () => React.JSX.Element>

export function StatusMark({ status }: { readonly status: PhaseStatus }) {
  const Icon = ICONS[status] ?? PendingIcon // a later server may have a word more
  return (
    <span className="status" data-status={status}>
      <Icon />
      {statusName(status)}
    </span>
  )
}

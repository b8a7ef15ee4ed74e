/** Small drawings, in the colour of the text around them. They say nothing to a screen reader: words stand beside. */
import type { ReactNode } from 'react'

function icon(content: ReactNode) {
  return function Icon() {
    return (
      <svg
        className="icon"
        viewBox="0 0 16 16"
        width="16"
        height="16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {content}
      </svg>
    )
  }
}

const circle = <circle cx="8" cy="8" r="6.25" />

export const PendingIcon = icon(<circle cx="8" cy="8" r="6.25" strokeDasharray="2.2 2.7" />)
export const RunningIcon = icon(
  <>
    {circle}
    <path d="M6.6 5.4v5.2L10.7 8z" fill="currentColor" strokeWidth="1" />
  </>,
)
export const PausedIcon = icon(
  <>
    {circle}
    <path d="M6.4 5.8v4.4M9.6 5.8v4.4" />
  </>,
)
export const CompletedIcon = icon(
  <>
    {circle}
    <path d="M5.3 8.2l1.9 1.9 3.6-4" />
  </>,
)
export const FailedIcon = icon(
  <>
    {circle}
    <path d="M5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2" />
  </>,
)
export const CancelledIcon = icon(
  <>
    {circle}
    <path d="M3.7 12.3l8.6-8.6" />
  </>,
)
export const PlusIcon = icon(<path d="M8 3v10M3 8h10" />)
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.75" />
    <path d="M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9" />
  </>,
)
export const MoonIcon = icon(<path d="M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6z" />)
export const SystemIcon = icon(
  <>
    <rect x="2" y="3" width="12" height="8" rx="1.5" />
    <path d="M6 13.5h4" />
  </>,
)
export const WarningIcon = icon(<path d="M8 2.2L14.3 13H1.7zM8 6.4v3M8 11.4v.1" />)

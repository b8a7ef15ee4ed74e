/** Where drawing a page fails, or its script does not come: a sentence in its place. */
import { Component, type ReactNode } from 'react'
import { Told } from '../parts/Told'

// React has no function for this.
export class Failsafe extends Component<{ readonly children: ReactNode }, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true }
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children
    const again = (
      <button type="button" className="button" onClick={() => location.reload()}>
        Load it again
      </button>
    )
    return (
      <Told title="This page could not be shown" action={again}>
        A part of it did not come. Perhaps the server is away for a moment, or was updated.
      </Told>
    )
  }
}

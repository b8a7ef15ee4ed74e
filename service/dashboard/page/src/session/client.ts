/** The one client of this page: let in by the session's cookie, which no script can read. */
import { Phaseline, type SocketConstructor } from 'phaseline-client'
import { Store } from '../app/store'

/** How many websockets have been opened, and whether one is open now. */
export const sockets = new Store({ isOpen: false, opened: 0 })

/** The browser's own, telling when it opens and closes: the client does not say so while no campaign moves. */
class ToldSocket extends WebSocket {
  constructor(url: string) {
    super(url)
    this.addEventListener('open', () => sockets.set({ isOpen: true, opened: sockets.get().opened + 1 }))
    this.addEventListener('close', () => sockets.set({ ...sockets.get(), isOpen: false }))
  }
}

export const client = new Phaseline({
  url: location.origin,
  WebSocket: ToldSocket as unknown as SocketConstructor,
})

/**
 * Finds the owner of a TCP socket. Its handlers are shared functions that find the owner on the socket. So an idle connection holds no
 * closure, and handing a socket on is one assignment.
 */

import type { Socket } from 'node:net'

/** Receives the events of a socket: its owner. */
export interface SocketOwner {
  /** Called with bytes from the peer, in any cut. */
  receive(chunk: Uint8Array): void
  /** Called when all that was written has left the process. */
  drained(): void
  /** Called when the peer will send no more. */
  ended(): void
  /** Called when it is closed. */
  gone(): void
}

const OWNER = Symbol('owner')

interface OwnedSocket extends Socket {
  [OWNER]?: SocketOwner | undefined
}

/** Gives the socket to an owner, in the place of the one before. */
export function own(socket: Socket, owner: SocketOwner): void {
  const owned: OwnedSocket = socket
  const isOwned = owned[OWNER] !== undefined
  owned[OWNER] = owner
  if (isOwned) return
  owned.on('data', onData)
  owned.on('end', onEnd)
  owned.on('error', ignoreError)
  owned.on('close', onClose)
}

/** Takes the handlers off: the caller listens itself from here on. */
export function disown(socket: Socket): void {
  const owned: OwnedSocket = socket
  owned[OWNER] = undefined
  owned.off('data', onData)
  owned.off('end', onEnd)
  owned.off('error', ignoreError)
  owned.off('close', onClose)
}

export function ownerOf(socket: Socket): SocketOwner | undefined {
  return (socket as OwnedSocket)[OWNER]
}

function onData(this: OwnedSocket, chunk: Uint8Array): void {
  this[OWNER]?.receive(chunk)
}

function onEnd(this: OwnedSocket): void {
  this[OWNER]?.ended()
}

/** Ignores a reset or a broken pipe of a socket: 'close' follows and says all that matters. */
export function ignoreError(): void {}

function onClose(this: OwnedSocket): void {
  this[OWNER]?.gone()
}

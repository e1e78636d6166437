/**
 * The end of the present turn of the event loop: after every socket that was ready has been read, before the loop sleeps.
 * What collects work of many events (answers and pushes to one socket) does it there once. Simulation hands in its own.
 */

export type Defer = (run: () => void) => void

export const endOfTurn: Defer = run => {
  setImmediate(run)
}

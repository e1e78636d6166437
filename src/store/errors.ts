/** Errors of any store that keeps its data on a disk. */

/** The store's content is not what was written: nothing of it is used. The message is one clear line. */
export class StoreDamagedError extends Error {
  override readonly name = 'StoreDamagedError'
}

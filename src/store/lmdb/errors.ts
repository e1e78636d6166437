/** The reasons why a data folder cannot be opened. Each message is one clear line for the person who started the server. */

/** The folder holds something else, or data of another format. */
export class StoreFormatError extends Error {
  override readonly name = 'StoreFormatError'
}

/** The folder cannot be made, read or written. */
export class StoreFolderError extends Error {
  override readonly name = 'StoreFolderError'
}

/** Another process has the folder open: there is one writer. */
export class StoreInUseError extends Error {
  override readonly name = 'StoreInUseError'
}

/** A write or a sync failed. What is on the disk is unknown until it is opened again, so the process must end. */
export class StoreFailedError extends Error {
  override readonly name = 'StoreFailedError'
}

/** The disk has no space for the operation; nothing of it was done. */
export class DiskFullError extends Error {
  override readonly name = 'DiskFullError'

  constructor(folder: string, needed: number, there: number) {
    super(`the disk of ${folder} is full: up to ${shown(needed)} are needed, ${shown(there)} are free`)
  }
}

function shown(bytes: number): string {
  return bytes < 2 ** 20 ? `${Math.floor(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

// Opens a database of IndexedDB in one place at a time, in whatever tab.
//
//   looking ──its version──► locking: opened one version higher ──raised──► open, nobody else can
//      ▲                        │    │
//      └──somebody was faster───┘    └──somebody has it open, for longer than a reload takes──► refused
//
// A version can only be raised while nobody else has the database open, so the highest version is a lock. It works also where the
// page has no other (Web Locks need a secure context), and a page that crashes lets go of it by itself.

import type { Clock } from '../base/system.js'
import type { IdbDatabase, IdbFactory, IdbOpenRequest } from './indexed-db.js'

/** A page that is being reloaded or closed lets go of its database a moment later. */
const PATIENCE_MS = 2_000

/** The number of times that somebody else may be faster before the database counts as in use. */
const TRIES = 5

type Opened = (error: Error | undefined, database?: IdbDatabase) => void

/** Which database is opened, and what is made in it. */
export interface Opening {
  readonly factory: IdbFactory
  readonly name: string
  readonly clock: Clock
  /** Called while a new version is made: makes what is missing. */
  readonly make: (database: IdbDatabase) => void
}

/**
 * @param opened called once, later, with an error or the database
 */
export function openAlone(opening: Opening, opened: Opened, tries = TRIES): void {
  const { factory, name } = opening
  // A database that was not there is made here; it is locked as any other.
  ask(factory.open(name), opening, (error, found) => {
    if (found === undefined) {
      opened(error ?? inUse(name))
      return
    }
    const { version } = found
    found.close()
    let raised = false
    const make = (database: IdbDatabase): void => {
      raised = true
      opening.make(database)
    }
    ask(factory.open(name, version + 1), { ...opening, make }, (lockError, database) => {
      // Opened without having raised it, or it is higher already: somebody came between.
      const overtaken = lockError?.name === 'VersionError' || (database !== undefined && !raised)
      if (!overtaken) {
        opened(lockError, database)
        return
      }
      database?.close()
      if (tries > 1) openAlone(opening, opened, tries - 1)
      else opened(inUse(name))
    })
  })
}

/** Waits for a request, but not for ever: it stands behind those of others who wait for a lock. */
function ask(request: IdbOpenRequest, { name, clock, make }: Opening, done: Opened): void {
  let over = false
  const end: Opened = (error, database) => {
    over = true
    timer.cancel()
    done(error, database)
  }
  const timer = clock.after(PATIENCE_MS, () => end(inUse(name)))
  request.onupgradeneeded = () => make(request.result)
  request.onerror = event => {
    event.preventDefault()
    if (!over) end(request.error ?? new Error(`the database ${name} cannot be opened`))
  }
  request.onsuccess = () => {
    // What was given up is let go, for the others.
    if (over) request.result.close()
    else end(undefined, request.result)
  }
}

function inUse(name: string): Error {
  return new Error(`the database ${name} is in use by another tab or window`)
}

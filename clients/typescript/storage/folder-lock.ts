// Lets one owner at a time have a folder, by the operating system's own knowledge of which processes live. Each owner listens on
// a socket in the folder. The kernel refuses a connection to the socket of a dead process at once, however the process ended.
//
//   free ──take()──► listening ──look: no other lives──────────► held ──release()──► free
//                       │  ▲ └──only higher names live: wait──┐
//                       │  └──────────────────────────────────┘ (a contender retreats, an owner does not)
//                       └──a lower name lives, or patience ends──► refused: in use
//
// Everybody listens before looking round, so of two the later one sees the other: they never both hold it. Names are random and
// never used twice, so the socket of a dead process can be removed without a race. No process number, no time and no native code
// is in it. It holds within one process, across containers that share the folder, and after any crash. It does not hold between
// two machines on a network file system.

import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorOf } from '../base/errors.js'
import { type Clock, systemClock } from '../base/system.js'

const PREFIX = 'lock-'

/** A socket's whole path has at most 103 bytes on some systems, 107 on others; what is longer would be cut in silence. */
const PATH_BYTES_MAX = 103

/** Two that start at the same moment settle it within the first looks; an owner is still there at the last. */
const LOOKS = 8
const LOOK_AGAIN_MS = 25

type Done = (error?: Error) => void

export class FolderLock {
  readonly #folder: string
  readonly #clock: Clock
  readonly #name = PREFIX + randomBytes(8).toString('hex')
  #server: Server | undefined

  /** @param folder it exists */
  constructor(folder: string, clock: Clock = systemClock) {
    this.#folder = folder
    this.#clock = clock
  }

  /** @param done called once, later; with an error if the folder is in use or cannot be locked */
  take(done: Done): void {
    this.#listen(error => {
      if (error === undefined) this.#look(LOOKS, done)
      else done(error)
    })
  }

  release(): void {
    this.#server?.close()
    this.#server = undefined
    // By its real path: the one that it was bound by may be gone (reached()).
    rmSync(join(this.#folder, this.#name), { force: true })
  }

  #listen(done: Done): void {
    // Who asks whether somebody is there has the answer when the kernel connects it.
    const server = createServer(socket => socket.destroy())
    this.#server = server
    let told = false
    const tell = (error?: Error): void => {
      if (told) return
      told = true
      done(error)
    }
    server.on('error', (error: NodeJS.ErrnoException) => {
      this.#server = undefined
      tell(
        error.code === 'EADDRINUSE' ? this.#inUse() : new Error(`${this.#folder} cannot be locked: ${error.message}`),
      )
    })
    try {
      const { path, forget } = this.#reached(this.#name)
      // `exclusive`: in a worker of a cluster it is the worker's own.
      server.listen({ path, exclusive: true }, () => tell())
      server.unref()
      forget()
    } catch (error) {
      tell(errorOf(error))
    }
  }

  #look(looks: number, done: Done): void {
    let others: readonly string[]
    try {
      others = this.#others()
    } catch (error) {
      this.release()
      done(errorOf(error))
      return
    }
    const alive: string[] = []
    let open = others.length
    const settled = (): void => {
      if (alive.length === 0) {
        done()
      } else if (looks > 1 && alive.every(each => each > this.#name)) {
        this.#clock.after(LOOK_AGAIN_MS, () => this.#look(looks - 1, done))
      } else {
        this.release()
        done(this.#inUse())
      }
    }
    if (open === 0) settled()
    for (const name of others) {
      this.#ask(name, isAlive => {
        if (isAlive) alive.push(name)
        open -= 1
        if (open === 0) settled()
      })
    }
  }

  #others(): readonly string[] {
    // A pipe's name is the lock itself.
    if (process.platform === 'win32') return []
    return readdirSync(this.#folder).filter(each => each.startsWith(PREFIX) && each !== this.#name)
  }

  /** Whether somebody listens on the socket; of one that is gone nothing stays. */
  #ask(name: string, answered: (isAlive: boolean) => void): void {
    const { path, forget } = this.#reached(name)
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      answered(true)
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      const isGone = code === 'ECONNREFUSED' || code === 'ENOENT'
      if (isGone) rmSync(join(this.#folder, name), { force: true })
      // Anything else (a full queue, another owner's file) is no sign that nobody is there.
      answered(!isGone)
    })
    forget()
  }

  /** A path by which a socket can be bound and reached now: a long one goes through a link that is removed again. */
  #reached(name: string): { readonly path: string; readonly forget: () => void } {
    if (process.platform === 'win32') {
      // Pipes have a space of names of their own there, and end with their process too: the name says which folder.
      const folder = createHash('sha256').update(realpathSync.native(this.#folder).toLowerCase()).digest('hex')
      return { path: `\\\\.\\pipe\\longwire-${folder}`, forget: () => {} }
    }
    const path = join(this.#folder, name)
    if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return { path, forget: () => {} }
    const short = mkdtempSync(join(tmpdir(), 'lw-'))
    symlinkSync(realpathSync(this.#folder), join(short, 'f'))
    return { path: join(short, 'f', name), forget: () => rmSync(short, { recursive: true, force: true }) }
  }

  #inUse(): Error {
    return new Error(`${this.#folder} is in use by another client, in this process or another one`)
  }
}

/**
 * Loaded into a process before everything else (`--import`, in its threads as well): writes down each call that changes or
 * syncs a file below a folder, its begin and its end, in a file that all threads append to.
 *
 *   CRASH_ROOT=<folder that is watched> CRASH_LINES=<file> CRASH_REPORTS=<file> NODE_OPTIONS=--import=…/recorder.js node …
 *
 * Calls of node:fs are wrapped. lmdb writes natively: its commits are taken from the outside, by the pages of its file that
 * have changed. It writes pages first, then a meta page, and syncs after each, unless it is opened with a flag that says
 * otherwise. (The long run sees its system calls.) What changes a file in a way that is not known here throws.
 */

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import { threadId } from 'node:worker_threads'
import { present } from '../../src/lib/assert.js'
import { commitCalls } from './lmdb-commit.js'
import { type Call, type Line, LOCK_FILE, lineOf } from './trace.js'

const ROOT = present(process.env.CRASH_ROOT, 'CRASH_ROOT')
const LINES = present(process.env.CRASH_LINES, 'CRASH_LINES')
/** What is appended to it are the workload's reports: they take their place among the calls. */
const REPORTS = present(process.env.CRASH_REPORTS, 'CRASH_REPORTS')

const real = { ...fs }
const lines = real.openSync(LINES, 'a')
const files = new Map<number, { readonly path: string; readonly synced: boolean; readonly appends: boolean }>()
let count = 0
/** Inside a call that was written down: what it calls itself is a part of it. */
let within = false

function put(line: Line): void {
  real.writeSync(lines, `${JSON.stringify(line)}\n`)
}

/** Undefined if it is not watched. */
function watched(file: unknown): string | undefined {
  if (within || typeof file !== 'string') return undefined
  const relative = path.relative(ROOT, path.resolve(file))
  return relative.startsWith('..') || LOCK_FILE.test(relative) ? undefined : relative
}

function begin(call: Call): string {
  const id = `${threadId}.${count++}`
  put({ at: 'begin', id, call: lineOf(call) })
  return id
}

function during<T>(calls: readonly Call[], run: () => T): T {
  const ids = calls.map(begin)
  within = true
  try {
    const result = run()
    for (const id of ids) put({ at: 'end', id })
    return result
  } catch (error) {
    for (const id of ids) put({ at: 'failed', id })
    throw error
  } finally {
    within = false
  }
}

/** Whole, after it has happened elsewhere. */
function happened(call: Call): void {
  put({ at: 'end', id: begin(call) })
}

function sizeOf(file: string): number {
  return real.statSync(path.join(ROOT, file)).size
}

function write(file: string, offset: number, bytes: Uint8Array, synced: boolean): Call {
  return { kind: 'write', path: file, offset, bytes: Buffer.from(bytes), synced }
}

function bytesOf(data: unknown): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : Buffer.from(data as Uint8Array)
}

const { constants } = fs

function openSync(file: fs.PathLike, flags: fs.OpenMode = 'r', mode?: fs.Mode | null): number {
  const place = watched(file)
  if (place === undefined) return real.openSync(file, flags, mode)
  const bits = typeof flags === 'number' ? flags : 0
  const text = typeof flags === 'string' ? flags : ''
  const creates = (bits & constants.O_CREAT) !== 0 || /[wa]/.test(text)
  const empties = (bits & constants.O_TRUNC) !== 0 || text.includes('w')
  const isNew = !real.existsSync(file)
  const calls: Call[] = []
  if (creates && isNew) calls.push({ kind: 'file', path: place })
  if (empties && !isNew) calls.push({ kind: 'size', path: place, size: 0 })
  const descriptor = during(calls, () => real.openSync(file, flags, mode))
  const synced = (bits & (constants.O_DSYNC | constants.O_SYNC)) !== 0 || text.includes('s')
  files.set(descriptor, { path: place, synced, appends: text.includes('a') || (bits & constants.O_APPEND) !== 0 })
  return descriptor
}

function closeSync(descriptor: number): void {
  files.delete(descriptor)
  real.closeSync(descriptor)
}

function syncing(sync: (descriptor: number) => void) {
  return (descriptor: number): void => {
    const file = within ? undefined : files.get(descriptor)
    if (file === undefined) sync(descriptor)
    else during([{ kind: 'sync', path: file.path }], () => sync(descriptor))
  }
}

function callOfWrite(descriptor: number, bytes: Uint8Array, position: unknown): Call[] {
  const file = within ? undefined : files.get(descriptor)
  if (file === undefined) return []
  if (typeof position !== 'number' && !file.appends) throw new Error(`a write to ${file.path} without a position`)
  return [write(file.path, typeof position === 'number' ? position : sizeOf(file.path), bytes, file.synced)]
}

type Written = (error: NodeJS.ErrnoException | null, written: number, buffer: Uint8Array) => void

const changed = {
  openSync,
  closeSync,
  fsyncSync: syncing(real.fsyncSync),
  fdatasyncSync: syncing(real.fdatasyncSync),

  writeSync(descriptor: number, data: Uint8Array | string, ...rest: unknown[]): number {
    const [offset = 0, length, position] = typeof data === 'string' ? [] : (rest as [number?, number?, number?])
    const bytes = bytesOf(data).subarray(offset, length === undefined ? undefined : offset + length)
    const whole = real.writeSync as (...all: unknown[]) => number
    return during(callOfWrite(descriptor, bytes, position), () => whole(descriptor, data, ...rest))
  },

  /** What is written down as a whole must be written as a whole: a short write fails. */
  write(descriptor: number, data: Uint8Array, offset: number, length: number, position: number, done: Written): void {
    const bytes = Buffer.from(data.subarray(offset, offset + length))
    const ids = callOfWrite(descriptor, bytes, position).map(begin)
    real.write(descriptor, data, offset, length, position, (error, written, buffer) => {
      if (error === null && written < length) throw new Error('a short write')
      for (const id of ids) put({ at: error === null ? 'end' : 'failed', id })
      done(error, written, buffer)
    })
  },

  appendFileSync(file: fs.PathOrFileDescriptor, data: string | Uint8Array): void {
    if (file === REPORTS) {
      put({ at: 'report', text: String(data) })
      return
    }
    const descriptor = typeof file === 'number' ? file : openSync(file as string, 'a')
    changed.writeSync(descriptor, bytesOf(data))
    if (descriptor !== file) closeSync(descriptor)
  },

  writeFileSync(file: fs.PathOrFileDescriptor, data: string | Uint8Array, options?: fs.WriteFileOptions): void {
    const place = watched(file)
    if (place === undefined) {
      real.writeFileSync(file, data, options)
      return
    }
    const descriptor = openSync(file as string, 'w', typeof options === 'object' ? options?.mode : undefined)
    const bytes = bytesOf(data)
    changed.writeSync(descriptor, bytes, 0, bytes.length, 0)
    closeSync(descriptor)
  },

  copyFileSync(from: fs.PathLike, to: fs.PathLike, mode?: number): void {
    const place = watched(to)
    if (place === undefined) {
      real.copyFileSync(from, to, mode)
      return
    }
    const calls: Call[] = real.existsSync(to)
      ? [{ kind: 'size', path: place, size: 0 }]
      : [{ kind: 'file', path: place }]
    during([...calls, write(place, 0, real.readFileSync(from), false)], () => real.copyFileSync(from, to, mode))
  },

  ftruncateSync(descriptor: number, size = 0): void {
    const file = files.get(descriptor)
    if (file === undefined) {
      real.ftruncateSync(descriptor, size)
      return
    }
    during([{ kind: 'size', path: file.path, size }], () => real.ftruncateSync(descriptor, size))
  },

  truncateSync(file: fs.PathLike, size = 0): void {
    const place = watched(file)
    if (place === undefined) {
      real.truncateSync(file, size)
      return
    }
    during([{ kind: 'size', path: place, size }], () => real.truncateSync(file, size))
  },

  mkdirSync(folder: fs.PathLike, options?: fs.MakeDirectoryOptions): string | undefined {
    const place = watched(folder)
    if (place === undefined) return real.mkdirSync(folder, options)
    if (options?.recursive === true) {
      if (real.existsSync(folder)) return undefined
      changed.mkdirSync(path.dirname(String(folder)), options)
    }
    during([{ kind: 'folder', path: place }], () => real.mkdirSync(folder, { ...options, recursive: false }))
    return undefined
  },

  renameSync(from: fs.PathLike, to: fs.PathLike): void {
    const [source, target] = [watched(from), watched(to)]
    if (source === undefined || target === undefined) {
      real.renameSync(from, to)
      return
    }
    during([{ kind: 'move', from: source, to: target }], () => real.renameSync(from, to))
  },

  unlinkSync(file: fs.PathLike): void {
    const place = watched(file)
    if (place === undefined) {
      real.unlinkSync(file)
      return
    }
    during([{ kind: 'remove', path: place }], () => real.unlinkSync(file))
  },

  rmdirSync(folder: fs.PathLike): void {
    const place = watched(folder)
    if (place === undefined) {
      real.rmdirSync(folder)
      return
    }
    during([{ kind: 'remove', path: place }], () => real.rmdirSync(folder))
  },

  rmSync(file: fs.PathLike, options?: fs.RmOptions): void {
    const place = watched(file)
    if (place === undefined || !real.existsSync(file)) {
      real.rmSync(file, options)
      return
    }
    during(removals(place), () => real.rmSync(file, options))
  },
}

/** From the leaves up. */
function removals(place: string): Call[] {
  const isFolder = real.statSync(path.join(ROOT, place)).isDirectory()
  const inside = isFolder ? real.readdirSync(path.join(ROOT, place)) : []
  const below = inside.map(name => path.join(place, name)).filter(name => !LOCK_FILE.test(name))
  return [...below.flatMap(removals), { kind: 'remove', path: place }]
}

/** Ways to change a file that the store does not use; they throw for watched files, so that none is missed. */
const UNKNOWN = [
  'linkSync',
  'symlinkSync',
  'writevSync',
  'cpSync',
  'createWriteStream',
  'mkdir',
  'rename',
  'unlink',
] as const
const ALSO_UNKNOWN = [
  'rm',
  'rmdir',
  'writeFile',
  'appendFile',
  'copyFile',
  'truncate',
  'open',
  'link',
  'symlink',
] as const

for (const name of [...UNKNOWN, ...ALSO_UNKNOWN]) {
  const before = real[name] as (...all: unknown[]) => unknown
  Object.assign(fs, {
    [name](...all: unknown[]): unknown {
      if (all.some(each => watched(each) !== undefined)) throw new Error(`${name} is not known to the recorder`)
      return before(...all)
    },
  })
}
Object.assign(fs, changed)
for (const name of [
  'mkdir',
  'rename',
  'unlink',
  'rm',
  'writeFile',
  'appendFile',
  'copyFile',
  'truncate',
  'open',
] as const) {
  const before = fs.promises[name] as (...all: unknown[]) => unknown
  Object.assign(fs.promises, {
    [name](...all: unknown[]): unknown {
      if (all.some(each => watched(each) !== undefined))
        throw new Error(`promises.${name} is not known to the recorder`)
      return before(...all)
    },
  })
}
syncBuiltinESMExports()

/** lmdb's flags by which it would not sync: no sync, no meta sync, a writable map, an asynchronous one, syncs later. */
const UNSYNCED_FLAGS = 0x10000 | 0x40000 | 0x80000 | 0x100000 | 0x1000
const NO_SUBFOLDER = 0x4000

/** lmdb's native environment, as far as it writes. */
interface NativeEnv {
  open(options: { readonly path: string }, flags: number, ...rest: unknown[]): unknown
  commitTxn(...all: unknown[]): unknown
  copy(folder: string, compact: boolean, done: (error?: unknown) => void): unknown
}

function recordedEnv(Env: new () => NativeEnv): new () => NativeEnv {
  return class extends Env {
    #file: string | undefined
    #synced = true

    override open(options: { readonly path: string }, flags: number, ...rest: unknown[]): unknown {
      const file = (flags & NO_SUBFOLDER) === 0 ? path.join(options.path, 'data.mdb') : options.path
      const place = watched(file)
      const before = place === undefined || !real.existsSync(file) ? undefined : real.readFileSync(file)
      const result = super.open(options, flags, ...rest)
      if (place === undefined) return result
      this.#file = file
      this.#synced = (flags & UNSYNCED_FLAGS) === 0
      const bytes = real.readFileSync(file)
      if (before === undefined) happened({ kind: 'file', path: place })
      if (bytes.length > (before?.length ?? 0)) happened(write(place, 0, bytes, false))
      return result
    }

    override commitTxn(...all: unknown[]): unknown {
      const place = this.#file === undefined ? undefined : watched(this.#file)
      if (this.#file === undefined || place === undefined) return super.commitTxn(...all)
      const before = real.readFileSync(this.#file)
      const result = super.commitTxn(...all)
      for (const call of commitCalls(place, before, real.readFileSync(this.#file), this.#synced)) happened(call)
      return result
    }

    override copy(folder: string, compact: boolean, done: (error?: unknown) => void): unknown {
      const file = path.join(folder, 'data.mdb')
      const place = watched(file)
      if (place === undefined) return super.copy(folder, compact, done)
      return super.copy(folder, compact, error => {
        happened({ kind: 'file', path: place })
        happened(write(place, 0, real.readFileSync(file), false))
        done(error)
      })
    }
  }
}

const load = process.dlopen
process.dlopen = (module, file, ...rest) => {
  load.call(process, module, file, ...rest)
  const { exports } = module as { exports: { Env?: new () => NativeEnv } }
  if (/lmdb/.test(file) && exports.Env !== undefined) exports.Env = recordedEnv(exports.Env)
}

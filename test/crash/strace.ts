/**
 * Reads what strace saw of a process and its threads, lmdb's writes among them. Bytes and paths are hexadecimal digits.
 *
 *   8367  pwrite64(24<\x2f…>, "\x6c…", 681, 13620) = 681
 *   8366  pwrite64(24<\x2f…>, "\x6c…", 681, 12939 <unfinished ...>
 *   8366  <... pwrite64 resumed>) = 681
 */

import path from 'node:path'
import { present } from '../../src/lib/assert.js'
import { type Call, type Line, LOCK_FILE, lineOf } from './trace.js'

/** Calls that are read, and calls that must not meet a watched file, for they are not. */
const READ = [
  ...['openat', 'close', 'lseek', 'write', 'writev', 'pwrite64', 'pwritev', 'fsync', 'fdatasync', 'ftruncate'],
  ...['rename', 'unlink', 'mkdir', 'rmdir'],
]
const UNREAD = [
  ...['creat', 'truncate', 'fallocate', 'pwritev2', 'renameat', 'renameat2', 'unlinkat', 'mkdirat', 'link', 'linkat'],
  ...['symlink', 'symlinkat', 'copy_file_range', 'sendfile'],
]

export function straceArguments(file: string): string[] {
  const trace = `trace=${[...READ, ...UNREAD].join(',')}`
  return ['-f', '-qq', '-y', '-xx', '-s', '100000000', '-e', 'signal=none', '-e', trace, '-o', file]
}

export interface StraceOptions {
  /** The folder that is watched. */
  readonly root: string
  /** Where the workload's reports go. */
  readonly reports: string
  /** Sizes of the files that were there, by path; of folders 0. */
  readonly sizes: ReadonlyMap<string, number>
}

export function straceLines(text: string, options: StraceOptions): Line[] {
  const reader = new StraceReader(options)
  for (const line of text.split('\n')) reader.read(line)
  return reader.lines
}

interface Open {
  readonly path: string
  readonly synced: boolean
  readonly appends: boolean
  position: number
}

/** A call that has begun: what its end means beside the end of what it wrote down. */
interface Begun {
  readonly ids: readonly string[]
  readonly onEnd?: (result: string) => void
  /** Of a write: notes that only so many bytes were written; false if these are all. */
  readonly isCutOff?: (written: number) => boolean
}

class StraceReader {
  readonly lines: Line[] = []
  readonly #options: StraceOptions
  readonly #sizes: Map<string, number>
  readonly #open = new Map<string, Open>()
  /** By thread. */
  readonly #unfinished = new Map<string, Begun>()
  /** Threads whose last write was cut off: by the kill, or they would go on. */
  readonly #cutOff = new Set<string>()
  #count = 0

  constructor(options: StraceOptions) {
    this.#options = options
    this.#sizes = new Map(options.sizes)
  }

  read(line: string): void {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/s.exec(line) ?? []
    if (rest.startsWith('<... ')) {
      const begun = this.#unfinished.get(thread)
      this.#unfinished.delete(thread)
      if (begun !== undefined) this.#end(thread, begun, resultOf(rest))
      return
    }
    const open = rest.indexOf('(')
    if (open === -1) return
    if (this.#cutOff.has(thread)) throw new Error(`thread ${thread} goes on after a short write`)
    const unfinished = rest.endsWith('<unfinished ...>')
    const close = unfinished ? rest.length - '<unfinished ...>'.length : rest.lastIndexOf(') ')
    const begun = this.#begin(rest.slice(0, open), rest.slice(open + 1, close))
    if (begun === undefined) return
    if (unfinished) this.#unfinished.set(thread, begun)
    else this.#end(thread, begun, resultOf(rest))
  }

  #end(thread: string, { ids, onEnd, isCutOff }: Begun, result: string): void {
    if (result === '?') return // the process ended before the call
    const failed = result.startsWith('-1')
    if (!failed && isCutOff?.(Number.parseInt(result, 10))) {
      this.#cutOff.add(thread)
      return
    }
    for (const id of ids) this.lines.push({ at: failed ? 'failed' : 'end', id })
    if (!failed) onEnd?.(result)
  }

  #begin(name: string, args: string): Begun | undefined {
    if (name === 'openat') return this.#openat(args)
    if (/^\d+</.test(args)) return this.#onDescriptor(name, args)
    const places = strings(args).map(text => this.#watched(text.toString()))
    const [first, second] = places
    if (places.every(place => place === undefined)) return undefined
    if (name === 'rename' && first !== undefined && second !== undefined) {
      return this.#put({ kind: 'move', from: first, to: second })
    }
    if (first === undefined) throw new Error(`${name} of a watched file is not read`)
    if (name === 'mkdir') return this.#put({ kind: 'folder', path: first })
    if (name === 'unlink' || name === 'rmdir') return this.#put({ kind: 'remove', path: first })
    throw new Error(`${name} of a watched file is not read`)
  }

  #openat(args: string): Begun | undefined {
    const file = present(strings(args)[0], 'the path').toString()
    const place = this.#watched(file)
    const isReport = file === this.#options.reports
    if (place === undefined && !isReport) return undefined
    const has = (flag: string): boolean => new RegExp(`\\b${flag}\\b`).test(args)
    const there = place === undefined || this.#sizes.has(place)
    const calls: Call[] = []
    if (place !== undefined && has('O_CREAT') && !there) calls.push({ kind: 'file', path: place })
    if (place !== undefined && has('O_TRUNC') && there) calls.push({ kind: 'size', path: place, size: 0 })
    const open = { path: place ?? file, synced: has('O_DSYNC') || has('O_SYNC'), appends: has('O_APPEND'), position: 0 }
    const begun = this.#put(...calls)
    return { ...begun, onEnd: result => void this.#open.set(/^\d+/.exec(result)?.[0] ?? '', open) }
  }

  #onDescriptor(name: string, args: string): Begun | undefined {
    const descriptor = /^\d+/.exec(args)?.[0] ?? ''
    const open = this.#open.get(descriptor)
    if (name === 'close') this.#open.delete(descriptor)
    if (open === undefined || name === 'close') return undefined
    const numbers = args.replace(/"[^"]*"|<[^>]*>/g, '').split(',')
    const lastNumber = Number(numbers.at(-1))
    if (name === 'lseek') {
      const onEnd = (result: string): void => {
        open.position = Number.parseInt(result, 10)
      }
      return { ids: [], onEnd }
    }
    if (name === 'fsync' || name === 'fdatasync') return this.#put({ kind: 'sync', path: open.path })
    if (name === 'ftruncate') return this.#put({ kind: 'size', path: open.path, size: lastNumber })
    if (!/write/.test(name)) throw new Error(`${name} of a watched file is not read`)
    const bytes = Buffer.concat(strings(args))
    if (open.path === this.#options.reports) {
      this.lines.push({ at: 'report', text: bytes.toString() })
      return undefined
    }
    const placed = name === 'pwrite64' || name === 'pwritev'
    const offset = placed ? lastNumber : open.appends ? (this.#sizes.get(open.path) ?? 0) : open.position
    const call = { kind: 'write', path: open.path, offset, bytes, synced: open.synced } as const
    const at = this.lines.length
    const begun = this.#put(call)
    const isCutOff = (written: number): boolean => {
      if (written === bytes.length) return false
      const [id = ''] = begun.ids
      this.lines[at] = { at: 'begin', id, call: lineOf({ ...call, bytes: bytes.subarray(0, written) }) }
      return true
    }
    const onEnd = (): void => {
      if (!placed) open.position = offset + bytes.length
    }
    return { ...begun, onEnd, isCutOff }
  }

  #put(...calls: Call[]): Begun {
    const ids = calls.map(call => {
      const id = String(this.#count++)
      this.lines.push({ at: 'begin', id, call: lineOf(call) })
      this.#follow(call)
      return id
    })
    return { ids }
  }

  /** Keeps what is there, and how long it is. */
  #follow(call: Call): void {
    const sizes = this.#sizes
    if (call.kind === 'file' || call.kind === 'folder') sizes.set(call.path, 0)
    else if (call.kind === 'size') sizes.set(call.path, call.size)
    else if (call.kind === 'write') {
      sizes.set(call.path, Math.max(sizes.get(call.path) ?? 0, call.offset + call.bytes.length))
    } else if (call.kind === 'remove') sizes.delete(call.path)
    else if (call.kind === 'move') {
      for (const [name, size] of [...sizes]) {
        if (name !== call.from && !name.startsWith(`${call.from}/`)) continue
        sizes.delete(name)
        sizes.set(call.to + name.slice(call.from.length), size)
      }
    }
  }

  #watched(file: string): string | undefined {
    const relative = path.relative(this.#options.root, file)
    return relative.startsWith('..') || LOCK_FILE.test(relative) ? undefined : relative
  }
}

/** Behind the last ` = `: a number, perhaps with a path; `?` of a call that did not return. */
function resultOf(line: string): string {
  return line.slice(line.lastIndexOf(' = ') + 3)
}

function strings(args: string): Buffer[] {
  return [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, text = '']) =>
    Buffer.from(text.replaceAll('\\x', ''), 'hex'),
  )
}

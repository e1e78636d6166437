// Reads protocol/vectors and delivers their bytes in every cut, for the tests of whoever speaks the protocol.
import { readFileSync } from 'node:fs'
import type { CodeName } from '../../protocol/codes.js'
import { jsonToBody } from '../../protocol/json-codec.js'
import { METHODS, type Method, type RequestMethod } from '../../protocol/methods.js'

export interface FrameVector {
  readonly name: string
  readonly direction: 'to-server' | 'to-client'
  readonly bytes: Parts
  readonly expect: readonly FrameOutcome[]
  readonly rest?: number
}

export type FrameOutcome =
  | { readonly ping: true }
  | { readonly frame: Value; readonly bytes: number }
  | { readonly error: string }

export interface BodyVector {
  readonly name: string
  readonly method: string
  readonly part: 'request' | 'answer' | 'notice'
  readonly bytes: Parts
  readonly expect: { readonly value: Value } | { readonly code: string }
}

export interface PageVector {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly trimmed: boolean
  readonly more: boolean
  readonly items: readonly { readonly version: number; readonly item: Parts }[]
  readonly push: Parts
  readonly sync: Parts
}

export interface RuleItem {
  readonly version: number
  readonly id?: string
}

export type RuleStep = {
  readonly expect:
    | {
        readonly applied: number
        readonly items: readonly number[]
        readonly shown: readonly string[]
        readonly pull?: number
      }
    | { readonly fault: true }
} & RuleEvent

export type RuleEvent =
  | { readonly connected: { readonly resync?: boolean; readonly otherStore?: boolean } }
  | { readonly push: { readonly from: number; readonly to: number; readonly items: readonly RuleItem[] } }
  | { readonly notify: { readonly version: number } }
  | { readonly accepted: { readonly from: number; readonly version: number; readonly id: string } }
  | { readonly answer: { readonly to: number; readonly more: boolean; readonly items: readonly RuleItem[] } }
  | { readonly resync: object }

export interface RuleVector {
  readonly name: string
  readonly applied: number
  readonly steps: readonly RuleStep[]
}

/** A request in protobuf or in JSON. */
export type WrittenRequest = { readonly method: string } & ({ readonly bytes: Parts } | { readonly json: string })

export interface IdentityVector {
  readonly name: string
  readonly first: WrittenRequest
  readonly second: WrittenRequest
  readonly same: boolean
}

/** What happens to a client's numbered requests. */
export type SendQueueEvent =
  | { readonly queue: number }
  | {
      readonly answer: {
        /** What is answered, as in `sends`. */
        readonly to: string
        /** Which transmission of it on this connection, from 1; absent: the last. */
        readonly of?: number
        readonly code: CodeName | number
        readonly version?: number
        readonly expected?: number
        readonly retry_after_ms?: number
      }
    }
  | { readonly wait: { readonly at_least_ms: number } }
  | { readonly copy: number }
  | { readonly lost: true }
  | { readonly restart: true }
  | { readonly hello: { readonly last_send_seq: number } }
  | { readonly login: { readonly last_send_seq: number; readonly device: number } }

export type SendQueueStep = SendQueueEvent & {
  readonly expect: {
    readonly sends: readonly string[]
    readonly states: Readonly<Record<string, string>>
    readonly next?: number
  }
}

export interface SendQueueVector {
  readonly name: string
  readonly last?: number
  readonly steps: readonly SendQueueStep[]
}

/** Which mentions fit a text. */
export interface MentionsVector {
  readonly name: string
  readonly text: string
  readonly mentions: readonly { readonly start: number; readonly length: number }[]
  readonly fits: boolean
}

/** What a device asks, and how the server judges its number. */
export interface NumbersVector {
  readonly name: string
  readonly steps: readonly {
    readonly ask:
      | { readonly send: number; readonly text: string; readonly to_nobody?: true }
      | { readonly void: number; readonly count?: number }
    readonly times?: number
    readonly expect: { readonly code: CodeName; readonly expected?: number; readonly again?: true }
  }[]
}

type Parts = string | readonly string[]
type Value = { readonly [field: string]: unknown }

export const frameVectors = (): readonly FrameVector[] => read('frames')
export const bodyVectors = (): readonly BodyVector[] => read('bodies')
export const pageVectors = (): readonly PageVector[] => read('pages')
export const identityVectors = (): readonly IdentityVector[] => read('identity')
export const sendQueueVectors = (): readonly SendQueueVector[] => read('send-queue')
export const numbersVectors = (): readonly NumbersVector[] => read('numbers')
export const mentionsVectors = (): readonly MentionsVector[] => read('mentions')
export const ruleVectors = (): readonly RuleVector[] => read('push-rule')

function read<T>(name: string): readonly T[] {
  const file = new URL(`../../../protocol/vectors/${name}.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { vectors: T[] }).vectors
}

/** The bytes of a list of parts. */
export function bytesOf(parts: Parts): Uint8Array {
  const chunks = (typeof parts === 'string' ? [parts] : parts).map(part => {
    const [hex = '', count = '1'] = part.split('*')
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    return Buffer.concat(new Array<Buffer>(Number(count)).fill(bytes))
  })
  return new Uint8Array(Buffer.concat(chunks))
}

/** The name of a method as the vectors and PROTOCOL.md, clause 4.1, have it. */
export function methodLabel(method: Method): string {
  return method.kind === 'notice' ? method.name : `${method.service}.${method.rpc}`
}

/** The names of send-queue.json that stand for several, as `send 1-64` and `2-3`, one by one; a Void is one request of several numbers. */
export function spread(name: string): string[] {
  const [, what = '', from = '', to = from] = /^(send )?(\d+)(?:-(\d+))?$/.exec(name) ?? []
  if (from === '') return [name]
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => `${what}${Number(from) + i}`)
}

/** A request of the vectors as its method and its body in protobuf. */
export function bodyOf(written: WrittenRequest): { readonly method: RequestMethod; readonly body: Uint8Array } {
  const method = Object.values(METHODS).find(each => methodLabel(each) === written.method)
  if (method?.kind !== 'request') throw new Error(`${written.method} is no request`)
  const body = 'json' in written ? jsonToBody(method, 'request', Buffer.from(written.json)) : bytesOf(written.bytes)
  return { method: method as RequestMethod, body }
}

export interface Chunking {
  readonly how: string
  readonly chunks: readonly Uint8Array[]
}

/** Streams up to this length are cut at every offset; of longer ones only the ends and a few places between are. */
const CUT_EVERYWHERE_MAX = 300

/** The same bytes whole, byte by byte, and cut in two at every offset. */
export function* chunkings(bytes: Uint8Array): Generator<Chunking> {
  yield { how: 'whole', chunks: [bytes] }
  yield { how: 'byte by byte', chunks: Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)) }
  for (const at of cuts(bytes.length)) {
    yield { how: `cut at ${at}`, chunks: [bytes.subarray(0, at), bytes.subarray(at)] }
  }
}

/** The beginnings of the bytes that end at an offset. */
export function* beginnings(bytes: Uint8Array): Generator<Chunking> {
  for (const at of cuts(bytes.length)) yield { how: `the first ${at} bytes`, chunks: [bytes.subarray(0, at)] }
}

function* cuts(length: number): Generator<number> {
  const step = length <= CUT_EVERYWHERE_MAX ? 1 : Math.floor(length / 16)
  for (let at = 1; at < length; at += at < 16 ? 1 : step) yield at
  if (step > 1) for (let at = length - 8; at < length; at++) yield at
}

/** A decoded message in the form of the vectors. */
export function plainOf(message: object): Value {
  const value: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(message)) {
    if (isOneof(field)) value[snake(field.case)] = plainOf(field.value)
    else if (!isDefault(field)) value[snake(name)] = plainField(field)
  }
  return value
}

/** A value of the vectors without short forms. */
export function expanded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expanded)
  if (typeof value !== 'object' || value === null) return value
  if ('times' in value && 'of' in value) {
    const count = Number(value.times)
    return typeof value.of === 'string' ? value.of.repeat(count) : new Array(count).fill(expanded(value.of))
  }
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, expanded(field)]))
}

function plainField(field: unknown): unknown {
  if (field instanceof Uint8Array) return Buffer.from(field).toString('hex')
  if (Array.isArray(field)) return field.map(plainField)
  return typeof field === 'object' && field !== null ? plainOf(field) : field
}

function isDefault(field: unknown): boolean {
  if (field === undefined || field === 0 || field === false || field === '') return true
  return (Array.isArray(field) || field instanceof Uint8Array) && field.length === 0
}

function isOneof(field: unknown): field is { case: string; value: object } {
  return typeof field === 'object' && field !== null && 'case' in field && 'value' in field
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

/** A protobuf message taken apart, so that it can be put together wrongly: fields in their order, with their tags and lengths. */

import type { MessageType } from '../../protocol/descriptor.js'
import { readBytes, readerOf, readTag, readUint64 } from '../../protocol/wire-reader.js'
import { putVarint } from '../../protocol/wire-writer.js'

export type Node = Varint | Bytes | Nested | Raw

interface Varint {
  readonly kind: 'varint'
  tag: number
  value: number
}

export interface Bytes {
  readonly kind: 'bytes'
  tag: number
  bytes: Uint8Array
  /** What the written length is beside the true one. */
  lengthOff: number
}

interface Nested {
  readonly kind: 'nested'
  tag: number
  nodes: Node[]
  lengthOff: number
}

/** Bytes that stand where a field should. */
interface Raw {
  readonly kind: 'raw'
  bytes: Uint8Array
}

/** Of a message that our encoder wrote. */
export function takeApart(type: MessageType, bytes: Uint8Array): Node[] {
  const reader = readerOf(bytes)
  const nodes: Node[] = []
  while (reader.pos < reader.len) {
    const tag = readTag(reader)
    if ((tag & 7) === 0) {
      nodes.push({ kind: 'varint', tag, value: readUint64(reader) })
      continue
    }
    const value = readBytes(reader, '', 0, 0)
    const message = type.fields.find(field => field.number === tag >>> 3)?.message
    if (message === undefined) nodes.push({ kind: 'bytes', tag, bytes: value, lengthOff: 0 })
    else nodes.push({ kind: 'nested', tag, nodes: takeApart(message, value), lengthOff: 0 })
  }
  return nodes
}

/** Repeats inside repeats grow beyond all measure: what is more than any frame may hold is left out. */
const NODES_MAX = 20_000

export function putTogether(nodes: readonly Node[], budget = { nodes: NODES_MAX }): Uint8Array {
  const parts: Uint8Array[] = []
  for (const node of nodes) {
    if (--budget.nodes < 0) break
    if (node.kind === 'raw') parts.push(node.bytes)
    else if (node.kind === 'varint') parts.push(varint(node.tag), varint(node.value))
    else {
      const inner = node.kind === 'bytes' ? node.bytes : putTogether(node.nodes, budget)
      parts.push(varint(node.tag), varint(Math.max(0, inner.length + node.lengthOff)), inner)
    }
  }
  return concatenated(parts)
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const scratch = new Uint8Array(10)

/** Of a number up to 2^53 - 1. */
export function varint(value: number): Uint8Array {
  return scratch.slice(0, putVarint(scratch, 0, value))
}

/** Requests written in every way that says the same, and in ways that do not: what is one content (PROTOCOL.md, 6.2). */
import t from 'tap'
import type { MessageType } from '../../protocol/descriptor.js'
import { loadSchema } from '../../protocol/generate/load-schema.js'
import { RPC_TYPES } from '../../protocol/generated/descriptors.js'
import { IDENTITIES } from '../../protocol/generated/identities.js'
import { bodyToJson, jsonToBody } from '../../protocol/json-codec.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { ContentHash } from '../../src/services/content-hash.js'
import { Chance } from './chance.js'
import { concatenated, type Node, takeApart, varint } from './proto-tree.js'
import { randomMessage } from './random-message.js'

const MESSAGES = 3_000
/** No message has it. */
const UNKNOWN_FIELD = 29

const NUMBERED = (Object.values(METHODS) as readonly RequestMethod[]).filter(({ kind, service, rpc }) => {
  return kind === 'request' && IDENTITIES.has(`${service}.${rpc}`)
})

/** A number with up to three bytes more than it needs. */
function longVarint(value: number, chance: Chance): Uint8Array {
  const bytes = varint(value)
  const more = chance.below(4)
  if (more === 0) return bytes
  const long = concatenated([bytes, new Uint8Array(more).fill(0x80)])
  long[bytes.length - 1] = (long[bytes.length - 1] ?? 0) | 0x80
  long[long.length - 1] = 0
  return long
}

function unknownField(chance: Chance): Uint8Array {
  const value = chance.bytes(chance.below(20))
  switch (chance.below(4)) {
    case 0:
      return concatenated([varint(UNKNOWN_FIELD * 8), longVarint(chance.below(2 ** 32), chance)])
    case 1:
      return concatenated([varint(UNKNOWN_FIELD * 8 + 5), chance.bytes(4)])
    case 2:
      return concatenated([varint(UNKNOWN_FIELD * 8 + 3), varint(8), varint(1), varint(UNKNOWN_FIELD * 8 + 4)])
    default:
      return concatenated([varint(UNKNOWN_FIELD * 8 + 2), longVarint(value.length, chance), value])
  }
}

function fieldOf(node: Node, chance: Chance): Uint8Array {
  if (node.kind === 'varint') return concatenated([longVarint(node.tag, chance), longVarint(node.value, chance)])
  if (node.kind === 'raw') throw new Error('our encoder writes fields alone')
  const bytes = node.kind === 'bytes' ? node.bytes : concatenated(shuffled(node.nodes, chance))
  return concatenated([longVarint(node.tag, chance), longVarint(bytes.length, chance), bytes])
}

/** The fields in any order, but for those of one number: elements of a list, whose order counts. */
function shuffled(nodes: readonly Node[], chance: Chance): Uint8Array[] {
  const tags = [...new Set(nodes.map(tagOf))].sort(() => chance.below(3) - 1)
  return tags.flatMap(tag => nodes.filter(node => tagOf(node) === tag).map(node => fieldOf(node, chance)))
}

function tagOf(node: Node): number {
  return node.kind === 'raw' ? 0 : node.tag
}

/** The same content in another encoding. */
function rewritten(method: RequestMethod, body: Uint8Array, donor: Uint8Array, chance: Chance): Uint8Array {
  const type = RPC_TYPES.get(`${method.service}.${method.rpc}`)?.request
  if (type === undefined) throw new Error(`${method.rpc} has no type`)
  const nodes = takeApart(type, body)
  const written = shuffled(nodes, chance)
  // Values that do not count: each of these fields comes again behind them. Messages are merged, so all of them count.
  const isSingle = (node: Node): boolean => node.kind === 'varint' || node.kind === 'bytes'
  const has = (tag: number) => nodes.some(node => tagOf(node) === tag)
  const overridden = takeApart(type, donor).filter(node => isSingle(node) && has(tagOf(node)) && chance.yes(0.5))
  const parts = [...overridden.map(node => fieldOf(node, chance)), ...written]
  while (chance.yes(0.4)) parts.splice(chance.below(parts.length + 1), 0, unknownField(chance))
  const bytes = concatenated(parts)
  return chance.yes(0.3) ? jsonToBody(method, 'request', Buffer.from(bodyToJson(method, 'request', bytes))) : bytes
}

const MARKED = new Set(
  loadSchema().messages.flatMap(({ name, fields }) =>
    fields.filter(({ identity }) => identity).map(field => `${name}.${field.name}`),
  ),
)

/** What of a message is content: fields that the `.proto` does not mark came later. */
function contentOf(type: MessageType, message: unknown): unknown {
  const values = message as Readonly<Record<string, unknown>>
  return type.fields
    .filter(({ name }) => MARKED.has(`${type.name}.${name}`))
    .map(({ name, message: part }) => {
      const value = values[name]
      if (part === undefined || value === undefined) return [name, value]
      return [name, Array.isArray(value) ? value.map(each => contentOf(part, each)) : contentOf(part, value)]
    })
}

t.test('every way to write a request is one content, and every other content is another', async t => {
  const seed = String(Date.now())
  const chance = new Chance(seed)
  const hasher = new ContentHash(chance.bytes(16))
  const byContent = new Map<string, string>()
  const byHash = new Map<string, string>()
  const bodies = new Map<RequestMethod, Uint8Array>()
  for (let i = 0; i < MESSAGES; i += 1) {
    const method = chance.pick(NUMBERED)
    const type = RPC_TYPES.get(`${method.service}.${method.rpc}`)?.request
    if (type === undefined) throw new Error(`${method.rpc} has no type`)
    const request = randomMessage(type, chance, {})
    const body = method.encodeRequest(request)
    const again = rewritten(method, body, bodies.get(method) ?? body, chance)
    bodies.set(method, body)
    const hash = hasher.of(method, method.decodeRequest(body))
    const where = `seed ${seed}: ${method.rpc} ${Buffer.from(body).toString('hex')} as ${Buffer.from(again).toString('hex')}`
    if (hasher.of(method, method.decodeRequest(again)) !== hash) t.fail(where)
    const content = `${method.number} ${JSON.stringify(contentOf(type, request))}`
    if ((byContent.get(content) ?? hash) !== hash) t.fail(`${where}: two hashes of one content`)
    if ((byHash.get(hash) ?? content) !== content) t.fail(`${where}: one hash of two contents`)
    byContent.set(content, hash)
    byHash.set(hash, content)
  }
  t.ok(byContent.size > MESSAGES / 20, `${byContent.size} contents`)
})

import protobuf from 'protobufjs'
import t from 'tap'
import { loadRoot, loadSchema } from '../../protocol/generate/load-schema.js'
import { METHODS, type Method, methodByNumber, methodName } from '../../protocol/methods.js'
import { clause, table } from '../support/protocol-document.js'
import { methodLabel } from '../support/vectors.js'

const schema = new Map(loadSchema().messages.map(message => [message.name, message]))

/** The messages of a method by its name: that the table's functions are theirs is shown by the vectors of bodies. */
function messagesOf(method: Method): [string, string] {
  if (method.kind === 'notice') return [`${method.name}Notice`, '']
  const isOfMany = ['ContactService', 'GroupService', 'RoomService'].includes(method.service)
  const name = isOfMany ? `${method.service}${method.rpc}` : method.rpc
  return [`${name}Request`, `${name}Response`]
}

function kindOf(method: Method): string {
  if (method.kind === 'notice')
    return method.direction === 'to-server' ? 'notice to the server' : 'notice to the client'
  if (method.mutating) return 'numbered'
  return method.nameless ? 'nameless' : ''
}

t.test('the table of clause 4.1 is the table of the code, both ways', async t => {
  const documented = table(clause('4'), 'number', 'method', 'kind')
  const coded = Object.values(METHODS).map(method => [
    String(method.number),
    methodLabel(method),
    kindOf(method),
    ...messagesOf(method),
  ])
  t.same(documented, coded)
})

t.test('each rpc of the .proto files is in the table with the number of its comment, and no other is', async t => {
  const found: string[] = []
  for (const service of services()) {
    for (const rpc of service.methodsArray) {
      const number = Number(/Method (\d+)\./.exec(rpc.comment ?? '')?.[1])
      const method = methodByNumber(number)
      t.match(method, { kind: 'request', service: service.name, rpc: rpc.name }, `${service.name}.${rpc.name}`)
      if (method !== undefined) t.same([rpc.requestType, rpc.responseType], messagesOf(method))
      found.push(`${service.name}.${rpc.name}`)
    }
  }
  const coded = Object.values(METHODS).map(methodLabel)
  t.same(
    coded.filter(label => label.includes('.')),
    found,
  )
})

/** In order of their methods' numbers. */
function services(): protobuf.Service[] {
  const namespace = loadRoot().lookup('longwire.v1') as protobuf.Namespace
  const found = namespace.nestedArray.filter(each => each instanceof protobuf.Service)
  return found.sort((a, b) => firstNumber(a) - firstNumber(b))
}

function firstNumber(service: protobuf.Service): number {
  return Number(/Method (\d+)\./.exec(service.methodsArray[0]?.comment ?? '')?.[1])
}

t.test('the frames of a connection have the numbers of their comments', async t => {
  for (const method of Object.values(METHODS)) {
    if (method.number >= 10) continue
    const [message] = messagesOf(method)
    const comment = schema.get(message)?.comment ?? ''
    t.match(comment, new RegExp(`Method ${method.number},`), message)
    const direction = method.kind === 'request' ? 'to-server' : method.direction
    t.match(comment, direction === 'to-server' ? 'client to server' : 'server to client', message)
  }
})

t.test('each notice of the .proto files is in the table, and no other is', async t => {
  const found = [...schema.keys()].filter(name => name.endsWith('Notice'))
  const coded = Object.values(METHODS).flatMap(method => (method.kind === 'notice' ? messagesOf(method)[0] : []))
  t.same(found.sort(), coded.sort())
})

t.test('what has a send_seq is numbered, and nothing else', async t => {
  for (const method of Object.values(METHODS)) {
    const [request] = messagesOf(method)
    const hasNumber = schema.get(request)?.fields.some(field => field.name === 'sendSeq') ?? false
    t.equal(method.kind === 'request' && method.mutating, hasNumber, request)
  }
})

t.test('a method is found by its number', async t => {
  for (const [name, method] of Object.entries(METHODS)) {
    t.equal(methodByNumber(method.number), method)
    t.equal(methodName(method.number), name)
  }
  const taken = new Set<number>(Object.values(METHODS).map(({ number }) => number))
  const others = Array.from({ length: 100 }, (_, number) => number).filter(number => !taken.has(number))
  for (const number of [...others, 1e9, 0xffff_ffff]) t.equal(methodByNumber(number), undefined)
})

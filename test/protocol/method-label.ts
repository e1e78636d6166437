// The name of a method as PROTOCOL.md, clause 4.1, and the vectors have it.
import type { Method } from '../../protocol/methods.js'

export function methodLabel(method: Pick<Method, 'kind'> & { name?: string; service?: string; rpc?: string }): string {
  if (method.kind === 'notice') return method.name ?? ''
  return method.service === '' ? (method.rpc ?? '') : `${method.service}.${method.rpc}`
}

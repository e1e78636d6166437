import t from 'tap'
import { FrameDecoder } from '../../protocol/frame-codec.js'
import type { Frame } from '../../protocol/generated/messages.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import { methodByNumber } from '../../protocol/methods.js'
import { clause } from '../support/protocol-document.js'
import { methodLabel } from '../support/vectors.js'

interface Line {
  readonly arrow: string
  readonly hex: string
}

/** Lines such as `→ 08 01    id 1`: bytes, and behind at least two spaces what they are. */
function linesOf(text: string): Line[] {
  const blocks = text.split('```').filter((_, index) => index % 2 === 1)
  const lines = blocks.flatMap(block => block.split('\n')).filter(line => line.trim() !== '')
  return lines.map(line => {
    const found = /^([→←]?) *([0-9a-f]{2}(?: [0-9a-f]{2})*)(?: {2}|$)/.exec(line)
    if (found === null) throw new Error(`not a line of bytes: ${line}`)
    return { arrow: found[1] ?? '', hex: found[2] ?? '' }
  })
}

/** The frames of the example in order, each with its direction; a ping as undefined. */
function framesOf(lines: Line[]): { arrow: string; frame: Frame | undefined }[] {
  const streams = new Map(['→', '←'].map(arrow => [arrow, new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)]))
  const found: { arrow: string; frame: Frame | undefined }[] = []
  let arrow = ''
  for (const line of lines) {
    arrow = line.arrow || arrow
    const decoder = streams.get(arrow)
    decoder?.push(Uint8Array.from(line.hex.split(' '), byte => Number.parseInt(byte, 16)))
    const next = decoder?.next()
    if (next?.kind === 'error') throw new Error(next.message)
    if (next !== undefined) found.push({ arrow, frame: next.kind === 'frame' ? next.frame : undefined })
  }
  for (const decoder of streams.values()) if (decoder.buffered > 0) throw new Error('the example ends inside a frame')
  return found
}

t.test('the session of clause 12 is what it says, byte by byte', async t => {
  const unanswered = new Map<number, number>()
  const story = framesOf(linesOf(clause('12'))).map(({ arrow, frame }) => {
    if (frame === undefined) return `${arrow} ping`
    const method = methodByNumber(frame.method !== 0 ? frame.method : (unanswered.get(frame.id) ?? 0))
    if (method === undefined) throw new Error(`unknown method ${frame.method}`)
    if (frame.id !== 0 && frame.method !== 0) unanswered.set(frame.id, frame.method)
    if (frame.code !== 0) return `${arrow} ${methodLabel(method)} ${frame.code}`
    // The body is well-formed, and written as a writer writes it.
    if (method.kind === 'notice') t.same(method.encode(method.decode(frame.body)), frame.body)
    else if (frame.method !== 0) t.same(method.encodeRequest(method.decodeRequest(frame.body)), frame.body)
    else t.same(method.encodeResponse(method.decodeResponse(frame.body)), frame.body)
    return `${arrow} ${methodLabel(method)}`
  })
  t.same(story, [
    '→ ping',
    '→ ConnectionService.Hello',
    '→ MessageService.Send',
    '← ConnectionService.Hello',
    '← Push',
    '← MessageService.Send',
    '→ Ack',
    '← Push',
    '→ ping',
    '← ping',
    '← Notify',
    '→ MessageService.Sync',
    '← MessageService.Sync',
    '→ MessageService.Send',
    '→ MessageService.Send',
    '← MessageService.Send 104',
    '← MessageService.Send 202',
    '← Drain',
    '← Close 300',
  ])
})

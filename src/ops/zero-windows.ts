/**
 * Finds TCP connections whose peer does not read: the kernel holds bytes that it cannot send, because the peer's window is
 * closed. Node has no word for this (everything was "written"). The kernel shows it in /proc/net/tcp: a timer runs that asks such
 * a peer now and then whether its window has opened.
 */

import { open } from 'node:fs/promises'

export interface ZeroWindow {
  readonly localPort: number
  /** The address in the form in which Node writes that of a peer. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** The number of bytes that were not sent, or not confirmed. */
  readonly bytes: number
}

const FILES = ['/proc/net/tcp', '/proc/net/tcp6']
const CHUNK_BYTES = 65_536

/** The timer that asks a closed window. The lines of a hundred thousand idle connections are passed over by this alone. */
const PROBE = ' 04:'
const LINE = /^ *\d{1,10}: [0-9A-F]{8,32}:([0-9A-F]{4}) ([0-9A-F]{8,32}):([0-9A-F]{4}) 01 ([0-9A-F]{8}):[0-9A-F]{8} 04:/

/** Reads in pieces, beside the event loop; what cannot be read tells of none. */
export async function zeroWindows(): Promise<ZeroWindow[]> {
  const found: ZeroWindow[] = []
  for (const path of FILES) {
    try {
      await readFile(path, found)
    } catch {
      // Not there, or no descriptor left: the next look may see more.
    }
  }
  return found
}

async function readFile(path: string, found: ZeroWindow[]): Promise<void> {
  const file = await open(path)
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    let rest = ''
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, null)
      if (bytesRead === 0) return
      const text = rest + chunk.toString('latin1', 0, bytesRead)
      const end = text.lastIndexOf('\n') + 1
      zeroWindowsIn(text.slice(0, end), found)
      rest = text.slice(end)
    }
  } finally {
    await file.close()
  }
}

/** @param text whole lines */
export function zeroWindowsIn(text: string, found: ZeroWindow[]): void {
  for (let at = text.indexOf(PROBE); at >= 0; at = text.indexOf(PROBE, at + 1)) {
    const line = text.slice(text.lastIndexOf('\n', at) + 1, at + PROBE.length)
    const [, local = '', address = '', remote = '', queued = ''] = LINE.exec(line) ?? []
    if (local === '') continue
    found.push({
      localPort: Number.parseInt(local, 16),
      remoteAddress: addressOf(address),
      remotePort: Number.parseInt(remote, 16),
      bytes: Number.parseInt(queued, 16),
    })
  }
}

/** Words of four bytes, each as this machine has it: the last byte first. */
function addressOf(hex: string): string {
  const bytes: number[] = []
  for (let word = 0; word < hex.length; word += 8) {
    for (let at = 6; at >= 0; at -= 2) bytes.push(Number.parseInt(hex.slice(word + at, word + at + 2), 16))
  }
  if (bytes.length === 4) return bytes.join('.')
  const isMapped = bytes.slice(0, 10).every(byte => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  if (isMapped) return `::ffff:${bytes.slice(12).join('.')}`
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

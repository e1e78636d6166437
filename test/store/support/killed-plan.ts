/** What the killed writer and the test that kills it have in common. */

import type { CommitResult, Store, Unit } from '../../../src/store/types.js'

export const ACTORS = Array.from({ length: 12 }, (_, i) => `user/${256 * i + 7}`)
export const NAMES = ['device:1', 'device:2', 'contact:7']
export const KEYS = ['key 0', 'key 1', 'about/2', 'about/3']
export const CONVERSATIONS = ['direct', 'group']

/** How far a conversation is followed from its newest entry down. */
const LINKS_MAX = 4

/** A unit as it goes over the pipe: texts for bytes. */
export interface WrittenUnit {
  readonly expect: Unit['expect']
  readonly puts: readonly {
    readonly actor: string
    readonly name: string
    readonly stamp: number
    readonly text: string | null
    /** Offset and length of each range that differs from the text before; absent: all. Texts are of single bytes. */
    readonly changed?: readonly number[] | undefined
  }[]
  readonly appends: readonly {
    readonly actor: string
    readonly key?: string
    readonly conversation?: string
    readonly at?: number
    readonly text: string
  }[]
  readonly trims: Unit['trims']
  readonly drops: NonNullable<Unit['drops']>
  readonly replaces: readonly {
    readonly actor: string
    readonly version: number
    readonly expected: number
    readonly stamp: number
    readonly text: string
  }[]
}

/** One line of the pipe each, in the order in which they happened in the writer. */
export type Report =
  /** What was there when the store was opened, after the kill before. */
  | { readonly kind: 'opened'; readonly pid: number; readonly content: Content }
  /** Just before a commit is called. */
  | { readonly kind: 'trying'; readonly units: readonly WrittenUnit[] }
  /** The next commit, in the order of the calls, was answered. */
  | { readonly kind: 'committed'; readonly results: readonly CommitResult[] }
  /** A read was answered: entries as `version:text`. */
  | { readonly kind: 'read'; readonly actor: string; readonly durable: number; readonly entries: readonly string[] }
  /** A scan was answered: `actor/name stamp:text`. */
  | { readonly kind: 'scanned'; readonly records: readonly string[] }

export interface Content {
  readonly logs: Readonly<
    Record<
      string,
      {
        readonly head: number
        readonly floor: number
        /** Each as `after-upTo`. */
        readonly gaps: readonly string[]
        readonly entries: readonly string[]
        /** The newest entries of each conversation, each as `version#stamp`. */
        readonly chains: readonly string[]
        /** The version of the newest entry of each key; 0: it has none. */
        readonly keyed: readonly number[]
      }
    >
  >
  readonly records: readonly string[]
}

export function unitOf(written: WrittenUnit): Unit {
  return {
    expect: written.expect,
    puts: written.puts.map(({ text, changed, ...rest }) => {
      if (text === null || changed === undefined) return { ...rest, bytes: text === null ? null : bytesOf(text) }
      const parts = changed.map((offset, i) => (i % 2 === 0 ? text.slice(offset, offset + (changed[i + 1] ?? 0)) : ''))
      return { ...rest, bytes: bytesOf(parts.join('')), patch: { length: text.length, ranges: changed } }
    }),
    appends: written.appends.map(({ text, ...rest }) => ({ ...rest, bytes: bytesOf(text) })),
    trims: written.trims,
    drops: written.drops,
    replaces: written.replaces.map(({ text, ...rest }) => ({ ...rest, bytes: bytesOf(text) })),
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

export async function scanAll(store: Store): Promise<string[]> {
  const found = await Promise.all(
    ACTORS.map(async actor =>
      (await store.scan(actor, '', null, 10_000)).map(
        ({ name, stamp, bytes }) => `${actor}/${name} ${stamp}:${textOf(bytes)}`,
      ),
    ),
  )
  return found.flat()
}

async function chainOf(store: Store, actor: string, conversation: string): Promise<string> {
  const chain = await store.chain(actor, await store.newest(actor, conversation), LINKS_MAX, 1e6)
  return chain.map(({ version, stamp }) => `${version}#${stamp}`).join(' ')
}

export async function contentOf(store: Store): Promise<Content> {
  const logs: Record<string, Content['logs'][string]> = {}
  for (const actor of ACTORS) {
    const { head, floor, ...range } = await store.read(actor, 0, Number.MAX_SAFE_INTEGER, 1e6, 1e9)
    const chains = await Promise.all(CONVERSATIONS.map(conversation => chainOf(store, actor, conversation)))
    const keyed = (await store.keyed(actor, KEYS)).map(entry => entry?.version ?? 0)
    const entries = range.entries.map(({ version, bytes }) => `${version}:${textOf(bytes)}`)
    const gaps = range.gaps.map(({ after, upTo }) => `${after}-${upTo}`)
    logs[actor] = { head, floor, gaps, entries, chains, keyed }
  }
  return { logs, records: await scanAll(store) }
}

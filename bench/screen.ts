/**
 * (screen) What the first screen of a large account costs on lmdb, over TCP: one page of 2 000 conversations with 200 000 items, beside the same
 * with 2 000 items, and all keyed state beside a replay of the whole timeline. What a post to a board costs is told with it (board.ts). Each
 * server is a process of its own; where there are two cores, the servers have one.
 */

import { join } from 'node:path'
import { createSyncRequest } from '../protocol/generated/messages.js'
import { CONVERSATIONS_PAGE_MAX } from '../protocol/limits.js'
import { METHODS } from '../protocol/methods.js'
import { measureBoard } from './board.js'
import { dataFolder, removeFolder, type ServerProcess } from './children.js'
import { type CostContext, costContext } from './cluster/cost.js'
import { type FigureRow, figureRow } from './figure-row.js'
import { figureTable } from './figure-table.js'
import { CONVERSATIONS, greeted, largeAccount } from './large-account.js'
import type { Preset } from './presets.js'
import { cpuMsOf, pinSelf } from './process-probe.js'
import type { RawClient } from './raw-client.js'
import { median } from './statistics.js'

const ITEMS = { few: CONVERSATIONS, many: 100 * CONVERSATIONS } as const
const ITEMS_TINY = { few: CONVERSATIONS, many: 4 * CONVERSATIONS } as const
/** Requests of one round, and those before the first, in which code is compiled. */
const REQUESTS = 40
const REQUESTS_WARM = 100

/** The aims. */
const FIRST_SCREEN_MS_MAX = 50
const GROWTH_MAX = 1.5

export interface ScreenReport {
  readonly conversations: number
  readonly items: number
  readonly figures: readonly FigureRow[]
}

/** An account on a server of its own. */
interface Account {
  readonly server: ServerProcess
  readonly client: RawClient
}

/** What one request took: until its answer, and of the CPU of all threads. */
interface Took {
  readonly ms: number
  readonly cpuMs: number
}

export async function measureScreen(preset: Preset, say: (line: string) => void): Promise<ScreenReport> {
  const folder = dataFolder()
  const context = costContext(folder, preset, say)
  const items = preset.name === 'tiny' ? ITEMS_TINY : ITEMS
  const few = await account(context, 'few', items.few)
  const many = await account(context, 'many', items.many)
  context.settle([few.server, many.server])
  const screens = { few: [] as Took[], many: [] as Took[] }
  for (const one of [few, many]) await screen(one, REQUESTS_WARM)
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(screen) first screens, round ${round} of ${preset.rounds}`)
    screens.few.push(await screen(few, REQUESTS))
    screens.many.push(await screen(many, REQUESTS))
  }
  const state: Took[] = []
  const replay: Took[] = []
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(screen) keyed state and replay, round ${round} of ${preset.rounds}`)
    state.push(await pull(many, true))
    replay.push(await pull(many, false))
  }
  for (const { client, server } of [few, many]) {
    client.destroy()
    await server.stop()
  }
  pinSelf(undefined)
  const posts = await measureBoard(context)
  pinSelf(undefined)
  removeFolder(folder)
  const figures = [...figuresOf(screens, { state, replay }, items), ...posts]
  return { conversations: CONVERSATIONS, items: items.many, figures }
}

function figuresOf(
  { few, many }: { readonly few: readonly Took[]; readonly many: readonly Took[] },
  { state, replay }: { readonly state: readonly Took[]; readonly replay: readonly Took[] },
  items: { readonly few: number; readonly many: number },
): FigureRow[] {
  const [of, beside] = [`${items.many} items`, `${items.few} items`]
  const [ms, cpu] = [
    (all: readonly Took[]) => median(all.map(took => took.ms)),
    (all: readonly Took[]) => median(all.map(took => took.cpuMs)),
  ]
  const screenOf = `first screen of ${CONVERSATIONS} conversations with ${of}`
  return [
    figureRow({ what: screenOf, value: ms(many), unit: 'ms', aim: { atMost: FIRST_SCREEN_MS_MAX } }),
    figureRow({
      what: `the same, beside one with ${beside}`,
      value: ms(many),
      unit: 'ms',
      baseline: { what: beside, value: ms(few) },
      aim: { atMost: GROWTH_MAX },
    }),
    figureRow({
      what: 'CPU of all threads for it',
      value: cpu(many),
      unit: 'ms',
      baseline: { what: beside, value: cpu(few) },
      aim: { atMost: GROWTH_MAX },
    }),
    figureRow({
      what: 'all keyed state of that account, page after page',
      value: ms(state),
      unit: 'ms',
      baseline: { what: 'a replay of the timeline', value: ms(replay) },
    }),
    figureRow({
      what: 'CPU of all threads for it',
      value: cpu(state),
      unit: 'ms',
      baseline: { what: 'a replay of the timeline', value: cpu(replay) },
    }),
  ]
}

export function screenTables({ figures }: ScreenReport): string {
  return figureTable(figures)
}

/** Asks for the first page so many times, one after the other. @returns medians, of the CPU the mean */
async function screen({ client, server }: Account, requests: number): Promise<Took> {
  const times: number[] = []
  const cpuMs = cpuMsOf(server.pid)
  for (let n = 0; n < requests; n += 1) {
    const beginMs = performance.now()
    const { conversations } = await client.request(METHODS.conversations, { after: 0, limit: 0 })
    times.push(performance.now() - beginMs)
    if (conversations.length !== CONVERSATIONS_PAGE_MAX) throw new Error(`${conversations.length} conversations came`)
  }
  return { ms: median(times), cpuMs: (cpuMsOf(server.pid) - cpuMs) / requests }
}

/** Pulls from 0 to the end, all of it or keyed state alone. */
async function pull({ client, server }: Account, state: boolean): Promise<Took> {
  const [cpuMs, beginMs] = [cpuMsOf(server.pid), performance.now()]
  for (let since = 0, more = true; more; ) {
    const page = await client.request(METHODS.sync, createSyncRequest({ since, state }))
    ;({ to: since, more } = page)
  }
  return { ms: performance.now() - beginMs, cpuMs: cpuMsOf(server.pid) - cpuMs }
}

/** Makes an account, and connects a device of it that begins at the head. */
async function account({ folder, say }: CostContext, name: string, items: number): Promise<Account> {
  say(`(screen) making an account of ${CONVERSATIONS} conversations with ${items} items`)
  const { server, session } = await largeAccount(join(folder, name), items)
  const hello = { token: session.token, attempt: session.boundAttempt + 1, fromHead: true }
  return { server, client: await greeted(server.port, hello) }
}

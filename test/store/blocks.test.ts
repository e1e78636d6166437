/** Entries that lie together in blocks are read, replaced and trimmed one by one, and both copies of a message apart from each other. */

import t, { type Test } from 'tap'
import { eachEntry } from '../../src/store/lmdb/entry-value.js'
import { entryKeyOf, versionOfKey } from '../../src/store/lmdb/keys.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import type { LmdbStore } from '../../src/store/lmdb/store.js'
import type { Unit } from '../../src/store/types.js'
import { A, ALL, append, B, bytesOf, commit, entryAt, log, newStamp, textOf, unit } from './contract/support.js'
import { crashedCopy, withTables } from './support/crashed.js'
import { newFolder } from './support/folder.js'

const OPTIONS = { journalBytes: 2 ** 20 }
const COUNT = 100

/** A message of usual length; both copies have it, the one behind the recipient's number. */
function text(version: number): string {
  return `message ${version} `.padEnd(120, '.')
}

/** Two logs with a copy each of all messages, in the tables. */
async function twoLogs(t: Test): Promise<string> {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, ...OPTIONS })
  for (let version = 1; version <= COUNT; version++) {
    await commit(store, unit({ appends: [append(A, `to 7 ${text(version)}`), append(B, `to 8 ${text(version)}`)] }))
  }
  await store.close()
  return folder
}

/** What stands in the tables for a log: the versions of each value, and its bytes. */
function valuesOf(folder: string, actor: string): Promise<{ readonly versions: number[]; readonly bytes: string }[]> {
  return withTables(folder, tables => {
    const [start, end] = [entryKeyOf(Buffer.from(actor), 0), entryKeyOf(Buffer.from(actor), ALL)]
    return [...tables.range(start, end)].map(({ key, value }) => {
      const versions: number[] = []
      eachEntry(value, versionOfKey(key), version => versions.push(version) > 0)
      return { versions, bytes: value.toString('latin1') }
    })
  })
}

/** What the logs are to be: texts by version. */
class Expected {
  readonly logs = new Map([A, B].map(actor => [actor, new Map<number, string>()]))

  constructor() {
    for (let version = 1; version <= COUNT; version++) {
      this.logs.get(A)?.set(version, `to 7 ${text(version)}`)
      this.logs.get(B)?.set(version, `to 8 ${text(version)}`)
    }
  }

  async check(t: Test, store: LmdbStore, when: string): Promise<void> {
    for (const [actor, texts] of this.logs) {
      t.same(
        await log(store, actor),
        [...texts].map(([version, text]) => `${version}:${text}`),
        `${actor} ${when}`,
      )
      const alone = [1, 20, 21, 22, 60, COUNT].map(async version => {
        const entry = await entryAt(store, actor, version)
        return entry === undefined ? undefined : textOf(entry.bytes)
      })
      t.same(
        await Promise.all(alone),
        [1, 20, 21, 22, 60, COUNT].map(version => texts.get(version)),
        'one by one',
      )
    }
  }
}

function replacing(actor: string, version: number, text: string, expected = 0): Unit {
  return unit({ replaces: [{ actor, version, expected, stamp: newStamp(), bytes: bytesOf(text) }] })
}

t.test('one entry changes in the midst of a block, and no other value is written', async t => {
  const folder = await twoLogs(t)
  const [before, others] = [await valuesOf(folder, A), await valuesOf(folder, B)]
  t.ok((before[1]?.versions.length ?? 0) > 3, `blocks of ${before.map(({ versions }) => versions.length)}`)
  const middle = (before[1]?.versions.at(0) ?? 0) + 2
  const store = await openLmdbStore({ path: folder, ...OPTIONS })
  await commit(store, replacing(A, middle, 'recalled'))
  await store.close()
  const after = await valuesOf(folder, A)
  t.same(await valuesOf(folder, B), others, 'the other copy is as it was')
  t.same(
    after.map(({ versions }) => versions),
    before.map(({ versions }) => versions),
  )
  t.same(
    after.flatMap(({ bytes }, i) => (bytes === before[i]?.bytes ? [] : [i])),
    [1],
  )
})

t.test(
  'replaced, grown, trimmed by halves and reduced to nothing, over a crash and a start after each step',
  async t => {
    const folder = await twoLogs(t)
    const [, second] = await valuesOf(folder, A)
    const [from = 0, to = 0] = [second?.versions.at(0), second?.versions.at(-1)]
    const expected = new Expected()
    const [a, b] = [expected.logs.get(A), expected.logs.get(B)]
    const trimmed = (log: Map<number, string> | undefined, upTo: number) => {
      for (const version of [...(log?.keys() ?? [])]) if (version <= upTo) log?.delete(version)
    }
    const trim = (actor: string, upTo: number, entriesMax?: number): Unit =>
      unit({ trims: [{ actor, upTo, ...(entriesMax === undefined ? {} : { entriesMax }) }] })
    const steps: readonly (readonly [string, Unit, () => void])[] = [
      ['the sender recalls the copy of one', replacing(A, 21, 'gone'), () => a?.set(21, 'gone')],
      ['the recipient has it still, and loses another', trim(B, 20), () => trimmed(b, 20)],
      ['one grows beyond its block', replacing(B, 21, 'x'.repeat(5_000)), () => b?.set(21, 'x'.repeat(5_000))],
      [
        'a block loses its first half',
        trim(A, Math.floor((from + to) / 2)),
        () => trimmed(a, Math.floor((from + to) / 2)),
      ],
      ['and three of the rest', trim(A, ALL, 3), () => trimmed(a, Math.floor((from + to) / 2) + 3)],
      ['the last of all is replaced', replacing(A, COUNT, 'last'), () => a?.set(COUNT, 'last')],
      ['nothing of the one is left', trim(A, ALL), () => trimmed(a, ALL)],
      ['nor of the other', trim(B, ALL), () => trimmed(b, ALL)],
    ]
    let store = await openLmdbStore({ path: folder, ...OPTIONS })
    for (const [name, unit, change] of steps) {
      t.match(await commit(store, unit), [{ kind: 'committed' }], name)
      change()
      await expected.check(t, store, `in the journal: ${name}`)
      const crashed = crashedCopy(t, folder)
      const again = await openLmdbStore({ path: crashed, ...OPTIONS })
      await expected.check(t, again, `after a crash: ${name}`)
      await again.close()
      await store.close()
      store = await openLmdbStore({ path: folder, ...OPTIONS })
      await expected.check(t, store, `in the tables: ${name}`)
    }
    t.same([await valuesOf(folder, A), await valuesOf(folder, B)], [[], []], 'and nothing of them in the tables')
    await store.close()
  },
)

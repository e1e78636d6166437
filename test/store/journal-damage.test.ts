/** Damage to the journal of a store that was killed: it is refused by name, or nothing that was acknowledged is lost. */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { type Clock, commandClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { StoreDamagedError } from '../../src/store/errors.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { MARK_AT, SECTOR_BYTES, WRITES_AT } from '../../src/store/lmdb/journal-file.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import type { JournalWrite } from '../../src/store/lmdb/recovery.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { A, append, appendTexts, B, commit, committed, log, put, record, unit } from './contract/support.js'
import { crashedCopy, finishedOf, overwrite, recovered, withTables } from './support/crashed.js'
import { newFolder } from './support/folder.js'

const JOURNAL_BYTES = 2 ** 20

/**
 * A store that was killed after so many commits, each acknowledged, and all of them marked as finished. Each has an entry, one that says
 * only what differs from it, and a record of which it says what has changed.
 */
async function killed(t: Test, commits: number, journalBytes = JOURNAL_BYTES): Promise<string> {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes })
  await commit(store, unit({ puts: [put(A, 'window', '.'.repeat(500), 1)] }))
  for (let i = 2; i <= commits; i++) {
    const text = `${i} ${'x'.repeat((i * 37) % 9_000)}`
    const window = { ...put(A, 'window', `${i}`, i), patch: { length: 500, ranges: [4 * i, `${i}`.length] } }
    const expect = [{ actor: A, name: 'window', stamp: i - 1 }]
    committed(await commit(store, unit({ expect, puts: [window], appends: [append(A, text), append(B, text)] })))
  }
  await eventually(async () => (await finishedOf(folder)) === commits)
  const copy = crashedCopy(t, folder)
  await store.close()
  return copy
}

/** Waits for nothing: a damaged store stays damaged. */
const hastyClock: Clock = { ...commandClock, after: (_ms, run) => commandClock.after(0, run) }

const journal = (folder: string, index = 0): string => path.join(folder, `journal-${index}`)

t.test('500 messages, and one bit of the first header: serve, verify and backup refuse the file by name', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder })
  for (let i = 0; i < 500; i++) await appendTexts(store, A, `message ${i}`)
  t.equal((await log(store, A)).length, 500)
  const copy = crashedCopy(t, folder)
  await store.close()
  const byte = fs.readFileSync(journal(copy))[27] ?? 0
  overwrite(journal(copy), 27, Uint8Array.of(byte ^ (1 << 4)))
  const before = fs.readFileSync(path.join(copy, 'data.mdb'))
  const to = path.join(newFolder(t), 'backup')
  for (const argv of [['serve', '--port', '0', '--http-port', '0'], ['verify'], ['backup', to]]) {
    const cli = new CliProcess([...argv, '--data', copy])
    t.equal(await cli.exit(), 65, argv.join(' '))
    t.match(cli.stderr, /journal-0 is damaged: its header is not what was written/)
    t.equal(cli.stderr.trimEnd().split('\n').length, 1, 'one line')
  }
  t.notOk(fs.existsSync(to))
  t.ok(before.equals(fs.readFileSync(path.join(copy, 'data.mdb'))), 'nothing was changed')
})

t.test('every bit of the heads, and bits everywhere in the written region: refused, or nothing is lost', async t => {
  const commits = 60
  const folder = await killed(t, commits)
  const file = journal(folder)
  const bytes = fs.readFileSync(file)
  const random = seededRandom('bits')
  const end = bytes.length - [...bytes].reverse().findIndex(byte => byte !== 0)
  await withTables(folder, tables => {
    const written = recovered(folder, tables).map(({ sequence, changes }) => ({
      sequence,
      changes: Buffer.from(changes),
    }))
    t.equal(written.length, commits)
    const outcome = (at: number, bit: number): 'refused' | 'whole' | string => {
      overwrite(file, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << bit)))
      try {
        const found = recovered(folder, tables)
        const isWritten = ({ sequence, changes }: JournalWrite, i: number) =>
          written[i]?.sequence === sequence && written[i].changes.equals(changes)
        const whole = found.length === commits && found.every(isWritten)
        return whole ? 'whole' : `${found.length} of ${commits}`
      } catch (error) {
        return error instanceof StoreDamagedError && error.message.includes('journal-0') ? 'refused' : String(error)
      } finally {
        overwrite(file, at, bytes.subarray(at, at + 1))
      }
    }
    const sweep = (from: number, to: number): string[] => {
      const outcomes = Array.from({ length: (to - from) * 8 }, (_, i) => outcome(from + (i >> 3), i & 7))
      return [...new Set(outcomes)]
    }
    const second = WRITES_AT + SECTOR_BYTES
    t.same(sweep(0, 48), ['refused'], 'the header')
    t.same(sweep(MARK_AT, MARK_AT + 24), ['whole'], 'one of two marks')
    t.same(sweep(WRITES_AT, WRITES_AT + 32), ['refused'], 'the head of the first write')
    t.same(sweep(second, second + 32), ['refused'], 'the head of the second write')
    const last = lastWriteIn(bytes)
    t.same(sweep(last, last + 32), ['refused'], 'the head of the last write, which a mark covers')
    t.same(sweep(end - 16, end), ['refused'], 'the end of the last write')
    const others = new Set<string>()
    for (let i = 0; i < 1_000; i++) others.add(outcome(random.integer(end), random.integer(8)))
    t.same([...others].sort(), ['refused', 'whole'], 'anywhere: zeros behind a write say nothing')
  })
})

t.test('a journal file that is missing, emptied, shortened, wiped or another one is refused by name', async t => {
  const folder = await killed(t, 12)
  const other = await killed(t, 3)
  const from = fs.readFileSync(journal(folder))
  const damages: readonly (readonly [string, (folder: string) => void, RegExp])[] = [
    ['missing', copy => fs.rmSync(journal(copy)), /journal-0 is missing/],
    ['the other missing', copy => fs.rmSync(journal(copy, 1)), /journal-1 is missing/],
    ['emptied', copy => fs.truncateSync(journal(copy)), /journal-0 is damaged: it is 0 bytes long/],
    ['zeros', copy => overwrite(journal(copy), 0, Buffer.alloc(from.length)), /journal-0 is damaged: its header/],
    [
      'shortened',
      copy => fs.truncateSync(journal(copy), from.length - 1),
      /journal-0 is damaged: it is \d+ bytes long/,
    ],
    [
      'wiped behind its header',
      copy => overwrite(journal(copy), MARK_AT, Buffer.alloc(from.length - MARK_AT)),
      /journal-0 .* is damaged: the last write is 0, but write (8|9|10|11|12) was finished|marks/,
    ],
    [
      'without its last write',
      copy => overwrite(journal(copy), lastWriteIn(from), Buffer.alloc(SECTOR_BYTES)),
      /journal-0 .* is damaged: the last write is 11, but write 12 was finished/,
    ],
    ['of another store', copy => fs.copyFileSync(journal(other), journal(copy)), /journal-0 .* another store/],
    [
      'the other one',
      copy => fs.copyFileSync(journal(copy, 1), journal(copy)),
      /journal-0 is damaged: it is journal-1/,
    ],
    [
      'without marks',
      copy => {
        for (const index of [0, 1]) overwrite(journal(copy, index), MARK_AT, Buffer.alloc(SECTOR_BYTES))
      },
      /the marks of both journal files in .* are damaged/,
    ],
  ]
  for (const [name, damage, message] of damages) {
    const copy = crashedCopy(t, folder)
    damage(copy)
    const expected = { name: 'StoreDamagedError', message }
    await t.rejects(openLmdbStore({ path: copy, journalBytes: JOURNAL_BYTES }), expected, `serve: ${name}`)
    await t.rejects(
      viewStore(copy, hastyClock, () => {}),
      expected,
      `verify: ${name}`,
    )
    const to = path.join(newFolder(t), 'backup')
    await t.rejects(backUp({ from: copy, to, clock: hastyClock }), expected, `backup: ${name}`)
    t.same(fs.readdirSync(path.dirname(to)), [], 'nothing is left')
  }
  const again = await openLmdbStore({ path: crashedCopy(t, folder), journalBytes: JOURNAL_BYTES })
  t.equal((await log(again, A)).length, 11, 'undamaged')
  const texts = (await log(again, A)).map(entry => entry.slice(entry.indexOf(':')))
  t.same(
    (await log(again, B)).map(entry => entry.slice(entry.indexOf(':'))),
    texts,
  )
  const window = await record(again, A, 'window')
  t.match(window, /^12:\.{8}2\.{3}3\.{3}4.*9\.{3}10\.\.11\.\.12\.*$/)
  await again.close()
})

t.test('both files in use: damage to either, and to what is in the tables already', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 2 ** 15 })
  let commits = 0
  // A file is full with eight writes: the first holds 17 to 24 in the end, the second 25 to 29 and old ones behind them.
  for (const [upTo, applied] of [
    [12, 8],
    [20, 16],
    [29, 24],
  ] as const) {
    while (commits < upTo) await appendTexts(store, A, `${++commits}`)
    await eventually(() => withTables(folder, tables => tables.meta('applied') === applied))
  }
  await eventually(async () => (await finishedOf(folder)) === commits)
  const copy = crashedCopy(t, folder)
  await store.close()
  await withTables(copy, tables => {
    const applied = tables.meta('applied')
    let refusals = 0
    for (const index of [0, 1]) {
      const file = journal(copy, index)
      const bytes = fs.readFileSync(file)
      for (let at = WRITES_AT; at < bytes.length; at += SECTOR_BYTES) {
        overwrite(file, at, randomBytes(SECTOR_BYTES))
        try {
          const found = recovered(copy, tables).length
          if (found !== commits - applied) t.fail(`file ${index} at ${at}: ${found}`)
        } catch (error) {
          if (!(error instanceof StoreDamagedError)) throw error
          refusals++
        }
        overwrite(file, at, bytes.subarray(at, at + SECTOR_BYTES))
      }
    }
    t.equal(refusals, 5, 'those that the tables lack')
  })
})

t.test('garbage in the sectors in flight loses nothing that was acknowledged', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })
  const copy = crashedCopy(t, folder)
  const file = journal(folder)
  await withTables(copy, async tables => {
    let before = fs.readFileSync(file)
    for (let commits = 1; commits <= 40; commits++) {
      await appendTexts(store, A, `${commits} ${'x'.repeat((commits * 331) % 6_000)}`)
      const after = fs.readFileSync(file)
      fs.copyFileSync(file, journal(copy))
      for (let at = WRITES_AT; at < after.length; at += SECTOR_BYTES) {
        if (!before.subarray(at, at + SECTOR_BYTES).equals(after.subarray(at, at + SECTOR_BYTES))) {
          overwrite(journal(copy), at, randomBytes(SECTOR_BYTES))
        }
      }
      const found = recovered(copy, tables).length
      t.equal(found, commits - 1, 'the writes before it')
      before = after
    }
  })
  await store.close()
})

t.test('a backup is restored over a store whose journal is damaged', async t => {
  const folder = await killed(t, 5)
  const to = path.join(newFolder(t), 'backup')
  await backUp({ from: folder, to, clock: commandClock })
  overwrite(journal(folder), WRITES_AT, randomBytes(SECTOR_BYTES))
  await t.rejects(openLmdbStore({ path: folder }), StoreDamagedError)
  await restore({ from: to, to: folder, epochMin: 0 })
  const again = await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })
  t.equal((await log(again, A)).length, 4)
  await again.close()
})

/** Where the last write begins. */
function lastWriteIn(bytes: Buffer): number {
  let at = bytes.length - SECTOR_BYTES
  while (bytes.toString('latin1', at + 4, at + 8) !== 'lwjw') at -= SECTOR_BYTES
  return at
}

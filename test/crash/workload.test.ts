/** The explorer's workload does everything that a store can be asked to write. */

import path from 'node:path'
import t from 'tap'
import {
  CONVERSATION,
  ENTRY,
  KEY,
  LIKE_ENTRY,
  LISTED,
  LOG,
  META,
  PATCH,
  RECORD,
} from '../../src/store/lmdb/change-kinds.js'
import { ChangeReader } from '../../src/store/lmdb/change-reader.js'
import { eachEntry, entryHeader, isBlock } from '../../src/store/lmdb/entry-value.js'
import { MARK_AT, writeAt } from '../../src/store/lmdb/journal-file.js'
import { KIND_ENTRY, versionOfKey } from '../../src/store/lmdb/keys.js'
import { withTables } from '../store/support/crashed.js'
import { newFolder } from '../store/support/folder.js'
import { firstPlans } from './campaign.js'
import { DATA, goOn, NOTHING } from './chapter.js'
import { ALL_THERE, Disk } from './disk.js'
import { putImage } from './folder.js'
import { JOURNAL } from './states.js'

const NAMES: Readonly<Record<number, string>> = {
  [RECORD]: 'record',
  [PATCH]: 'patch',
  [ENTRY]: 'entry',
  [LIKE_ENTRY]: 'like entry',
  [KEY]: 'key',
  [CONVERSATION]: 'conversation',
  [LOG]: 'log',
  [LISTED]: 'listed',
  [META]: 'meta',
}

const { trace } = await goOn(NOTHING, undefined, firstPlans('workload'), 'wrapped')

/** What the value of an entry says beside its bytes. */
function formOf(value: Buffer): string {
  const { keyed, stamp, conversation } = entryHeader(value)
  return `${keyed ? ', keyed' : ''}${stamp === 0 ? '' : ', replaced'}${conversation === undefined ? '' : ', linked'}`
}

t.test('it makes every kind of change, and every form of entry', async t => {
  const seen = new Map<string, number>()
  for (const event of trace) {
    if (event.kind !== 'begin' || event.call.kind !== 'write') continue
    const { path, offset, bytes } = event.call
    if (!JOURNAL.test(path) || offset <= MARK_AT) continue
    const changes = writeAt(bytes, 0, bytes.readDoubleLE(24))?.changes
    if (changes === undefined) continue
    const reader = new ChangeReader(changes)
    while (reader.next()) {
      const form = reader.kind === ENTRY || reader.kind === LIKE_ENTRY ? formOf(reader.value()) : ''
      const name = `${NAMES[reader.kind]}${reader.isRemoval ? ' removed' : form}`
      seen.set(name, (seen.get(name) ?? 0) + 1)
    }
  }
  t.comment(JSON.stringify([...seen]))
  for (const name of [
    ...['record', 'record removed', 'patch', 'key', 'key removed', 'conversation removed'],
    ...['log', 'listed', 'meta', 'entry', 'entry, keyed', 'entry, linked', 'entry removed'],
    ...['entry, replaced', 'entry, keyed, replaced', 'entry, replaced, linked'],
    ...['like entry', 'like entry, keyed', 'like entry, linked'],
  ]) {
    t.ok(seen.has(name), name)
  }
})

t.test('its entries lie in blocks, some of them replaced there, and blocks lose a part', async t => {
  const root = newFolder(t)
  const disk = new Disk()
  for (const event of trace) disk.step(event)
  putImage(root, disk.image(ALL_THERE))
  const forms = new Set<string>()
  let floors = 0
  await withTables(path.join(root, DATA), tables => {
    for (const { key, value } of tables.range(Buffer.of(KIND_ENTRY), Buffer.of(KIND_ENTRY + 1))) {
      if (!isBlock(value)) continue
      const last = versionOfKey(key)
      let first = last
      eachEntry(value, last, (version, entry) => {
        first = Math.min(first, version)
        forms.add(`block${formOf(entry)}`)
        return true
      })
      const { floor = 0 } = tables.log(key.toString('utf8', 1, key.length - 9)) ?? {}
      if (first === floor + 1) floors++
    }
  })
  t.same([...forms].sort(), ['block', 'block, linked', 'block, replaced', 'block, replaced, linked'])
  t.ok(floors > 0, `${floors} blocks begin where their log was trimmed`)
})

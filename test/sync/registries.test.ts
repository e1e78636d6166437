/** Whoever has the engine has every kind of record and effect. Nothing else may be imported here: it would bring kinds along. */
import { readdir } from 'node:fs/promises'
import t from 'tap'
import { EFFECT_KINDS, effectKind } from '../../src/sync/effect-kinds.js'
import '../../src/sync/index.js'
import { RECORD_KINDS, recordKind } from '../../src/sync/record-kinds.js'

t.test('no file of the engine makes a kind that the engine does not have', async t => {
  const known = [[...RECORD_KINDS.keys()], [...EFFECT_KINDS.keys()]]
  const folder = new URL('../../src/sync/', import.meta.url)
  const files = (await readdir(folder, { recursive: true })).filter(file => file.endsWith('.js'))
  t.ok(files.length > 20)
  for (const file of files) await import(new URL(file, folder).href)
  t.same([[...RECORD_KINDS.keys()], [...EFFECT_KINDS.keys()]], known)
})

t.test('no two kinds have the same name', t => {
  for (const kind of RECORD_KINDS.values()) t.throws(() => recordKind(kind))
  for (const kind of EFFECT_KINDS.values()) t.throws(() => effectKind(kind))
  t.end()
})

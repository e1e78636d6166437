/** The page that lists the library's classes, held to the types that an application compiles against, both ways. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import * as library from '../../../clients/typescript/index.js'
import { bundleText } from '../../support/bundle.js'

const FOLDER = new URL('../../../../clients/typescript/', import.meta.url)
const PAGE = readFileSync(new URL('API.md', FOLDER), 'utf8')
const README = readFileSync(new URL('README.md', FOLDER), 'utf8')

/** Classes, and the file of their types. */
const CLASSES = {
  Client: 'api/client',
  Account: 'api/account',
  Contacts: 'api/contacts',
  Groups: 'api/groups',
  Messages: 'api/messages',
  Conversations: 'api/conversations',
  Presence: 'api/presence',
  Chats: 'api/chats',
  Rooms: 'api/rooms',
  SentMessage: 'rules/sent-message',
  LongwireError: 'base/errors',
  IndexedDbStorage: 'storage/indexed-db-storage',
}

t.test('every member of every class is on the page, and nothing else', async t => {
  for (const [name, file] of Object.entries(CLASSES)) {
    const types = readFileSync(new URL(`../../../clients/typescript/${file}.d.ts`, import.meta.url), 'utf8')
    const body = types.split(`export declare class ${name} `)[1]?.split('\n}\n')[0] ?? ''
    const members = [...body.matchAll(/^ {4}(?:readonly |get |static )*([a-z]\w*)[(<:?]/gm)].map(([, member]) => member)
    const expected = new Set(members.filter(member => member !== 'constructor'))
    t.ok(expected.size > 2, name)
    t.same(new Set(listed(name)), expected, name)
  }
})

t.test('every function that the library exports is on the page', async t => {
  const functions = Object.entries(library)
    .filter(([, value]) => typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value)))
    .map(([name]) => name)
  // The defaults of three options.
  const defaults = ['systemDefer']
  t.same(new Set(listed('Functions')), new Set(functions.filter(each => !defaults.includes(each))))
})

t.test('the reasons of the library’s own are those of the page', async t => {
  const types = readFileSync(new URL('../../../clients/typescript/base/errors.d.ts', import.meta.url), 'utf8')
  const reasons = [...types.matchAll(/^ {4}readonly ([A-Z_]+):/gm)].map(([, reason]) => reason ?? '')
  t.ok(reasons.length > 5)
  for (const reason of reasons) t.ok(PAGE.includes(`\`${reason}\``), reason)
})

t.test('what the samples import there is, in Node or in a page', async t => {
  const samples = [...README.matchAll(/\n```[jt]s\n(import .*?)```\n/gs)].map(([, sample]) => sample ?? '')
  t.equal(samples.length, 2)
  for (const sample of samples) {
    const names = /import \{ (.*?) \}/.exec(sample)?.[1]?.split(', ') ?? []
    if (/IndexedDb/.test(sample)) await bundleText(sample)
    else for (const name of names) t.ok(name in library, name)
  }
})

/** The names in the first column of a section's table. */
function listed(section: string): string[] {
  const text = PAGE.split(/\n## /).find(each => each.split('\n')[0]?.includes(section)) ?? ''
  const cells = [...text.matchAll(/^\| (`.*?) \| /gm)].map(([, cell]) => cell ?? '')
  return cells.flatMap(cell => [...cell.matchAll(/`([a-z]\w*)/gi)].map(([, name]) => name ?? ''))
}

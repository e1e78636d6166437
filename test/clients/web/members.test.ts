/** The members of a group, as the page has them from the server. */
import t from 'tap'
import type { Client } from '../../../clients/typescript/index.js'
import { GroupMembers } from '../../../clients/web/model/members.js'
import type { People } from '../../../clients/web/model/people.js'

const GROUP = 'group:a.1.1'

t.test('who joins while the members are asked for is listed, too', async t => {
  const listeners = new Map<string, (event: { readonly conversation: string }) => void>()
  const on = ((name: string, listener: (event: { readonly conversation: string }) => void) => {
    listeners.set(name, listener)
    return () => {}
  }) as Client['on']
  const uids = [1]
  const pages: (() => void)[] = []
  const groups = {
    get: async () => ({ members: uids.length }),
    members: () => {
      const page = { members: uids.map(uid => ({ uid })), after: undefined }
      return new Promise(resolve => pages.push(() => resolve(page)))
    },
  }
  const people = { note: () => {} } as unknown as People
  const members = new GroupMembers({ groups } as unknown as Client, people, on)
  const loaded = members.load(GROUP)
  uids.push(2)
  listeners.get('groupChange')?.({ conversation: GROUP })
  pages.shift()?.()
  await new Promise(setImmediate)
  t.equal(pages.length, 1, 'they are asked for once more')
  pages.shift()?.()
  await loaded
  const { state, count, list } = members.of(GROUP).value
  t.match({ state, count, list }, { state: 'ready', count: 2, list: [{ uid: 1 }, { uid: 2 }] })
})

/** A slice of the crash explorer: `npm run crash` runs more of it, and test:long watches the store by strace. */

import t from 'tap'
import { campaign } from './campaign.js'
import { tellFault } from './replay.js'
import { STATE_KINDS } from './states.js'

t.test('after a crash at any moment, what was answered or shown is there', async t => {
  const { possible, opened, faults } = await campaign({ seed: '1', states: 50, later: 2, eye: 'wrapped' })
  t.comment(`${possible} states are possible; opened: ${JSON.stringify(opened)}`)
  for (const fault of faults) t.fail(tellFault(fault))
  for (const kind of STATE_KINDS) t.ok((opened[kind] ?? 0) > 0, `some of them ${kind}`)
})

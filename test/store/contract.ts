/** What every store must do: one suite, run on each (src/store/types.ts says it in words). */

import type { Test } from 'tap'
import { conversationContract, replaceContract } from './contract/conversations.js'
import { givenContract } from './contract/given.js'
import { lastingContract, scanContract } from './contract/lasting.js'
import { logContract } from './contract/logs.js'
import { routeContract } from './contract/routes.js'
import type { StoreKind } from './contract/support.js'
import { unitContract } from './contract/units.js'

export type { StoreKind } from './contract/support.js'

export function storeContract(t: Test, name: string, open: StoreKind): void {
  t.test(`${name}: units`, async t => unitContract(t, open))
  t.test(`${name}: logs`, async t => logContract(t, open))
  t.test(`${name}: versions that appends name`, async t => givenContract(t, open))
  t.test(`${name}: conversations`, async t => conversationContract(t, open))
  t.test(`${name}: replacements`, async t => replaceContract(t, open))
  t.test(`${name}: scans`, async t => scanContract(t, open))
  t.test(`${name}: routes`, async t => routeContract(t, open))
  t.test(`${name}: what lasts`, async t => lastingContract(t, open))
}

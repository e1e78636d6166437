/** Every effect there is: what stands in an outbox is found here by its name. */
import type { EffectKind } from '../types.js'
import { createUser } from './account.js'
import { contactTold } from './contact.js'
import { noteLeaving } from './leaving.js'
import { deliverMessage, failMessage } from './message.js'
import { noteRenaming } from './renaming.js'
import { marksGiven } from './watermark.js'

export const EFFECTS: readonly EffectKind<unknown>[] = [
  createUser,
  contactTold,
  deliverMessage,
  failMessage,
  marksGiven,
  noteLeaving,
  noteRenaming,
]

/** The attacks, in the order of docs/attacks.md. */

import { forged, marks, packed, renames, writers } from './members.js'
import { connections, header, log, logins } from './strangers.js'
import type { Attack } from './types.js'
import { unread } from './unread.js'

export const ATTACKS = {
  header,
  marks,
  unread,
  connections,
  forged,
  writers,
  renames,
  logins,
  packed,
  log,
} as const satisfies Readonly<Record<string, Attack>>

export type AttackName = keyof typeof ATTACKS

export const ATTACK_NAMES = Object.keys(ATTACKS) as readonly AttackName[]

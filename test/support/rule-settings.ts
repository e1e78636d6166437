/** What rules rest on in tests that do not ask for anything else: as a server that nobody has configured. */
import type { RuleSettings } from '../../src/sync/types.js'

export const RULE_SETTINGS: RuleSettings = { retentionMs: 30 * 86_400_000, openContacts: false }

/** Files of secrets that others on this machine can read. */

import { statSync } from 'node:fs'
import { flagOf } from '../ops/command-options.js'
import type { Config } from '../ops/config.js'
import type { Log } from '../ops/log.js'

/** The permission of everybody who is neither the owner nor of the group. */
const READ_BY_OTHERS = 0o004

const OPTIONS = ['clusterSecretFile', 'redisPasswordFile'] as const

/** Warns of each file with a secret that others can read. Whether it can be read at all is told by those who use it. */
export function warnOfOpenSecrets(config: Pick<Config, (typeof OPTIONS)[number]>, log: Pick<Log, 'warn'>): void {
  for (const name of OPTIONS) {
    const file = config[name]
    const mode = file === '' ? 0 : (statSync(file, { throwIfNoEntry: false })?.mode ?? 0)
    if ((mode & READ_BY_OTHERS) !== 0)
      log.warn({ file }, `${flagOf(name)} can be read by everybody on this machine: chmod o-r`)
  }
}

/** The secret by which the nodes of a cluster know each other on their links. */

import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { messageOf } from '../lib/error-message.js'
import type { Config } from '../ops/config.js'
import type { Store } from '../store/types.js'

/** The least length of a cluster's secret. */
const SECRET_BYTES_MIN = 16

/**
 * Reads the secret that --cluster-secret-file names.
 * @returns undefined if no file is named: nodes on one store make it of the store's own
 * @throws Error with one line for people if it cannot be used
 */
export function secretInFile({ clusterSecretFile: file }: Pick<Config, 'clusterSecretFile'>): Uint8Array | undefined {
  if (file === '') return undefined
  let secret: Uint8Array
  try {
    secret = Buffer.from(readFileSync(file, 'utf8').trim())
  } catch (error) {
    throw new Error(`--cluster-secret-file cannot be read: ${messageOf(error)}`)
  }
  if (secret.length >= SECRET_BYTES_MIN) return secret
  throw new Error(`--cluster-secret-file: ${file} has fewer than ${SECRET_BYTES_MIN} characters`)
}

/** Makes the secret of that of a store that all of them open. */
export function secretOf(store: Store): Uint8Array {
  return createHmac('sha256', store.secret).update('longwire links').digest()
}

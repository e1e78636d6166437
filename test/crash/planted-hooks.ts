/** Node's loader hooks for planted.ts. */

import type { LoadHook } from 'node:module'
import type { Replacement } from './planted.js'

let plant: Replacement

export function initialize(data: Replacement): void {
  plant = data
}

export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context)
  if (!url.endsWith(plant.file)) return loaded
  let source = String(loaded.source)
  for (const [from, to] of plant.pieces) {
    if (!source.includes(from)) throw new Error(`${url} has no ${from} any more: plant it anew`)
    source = source.replace(from, to)
  }
  return { ...loaded, source }
}

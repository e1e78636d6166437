/** The engine with the rules of Longwire. */
import { Engine, type EngineOptions } from './engine.js'
import './rules/index.js'
import { EFFECT_KINDS } from './effect-kinds.js'
import type { ItemFilter } from './references.js'
import { memberFilter } from './rules/branch-changes.js'

export { uidOf } from './rules/records.js'
export { randomStamps } from './stamps.js'
export type { Engine }

export function createEngine(options: Omit<EngineOptions, 'effects' | 'itemFilter'>): Engine {
  return new Engine({
    ...options,
    effects: [...EFFECT_KINDS.values()],
    itemFilter: memberFilter as ItemFilter<unknown>,
  })
}

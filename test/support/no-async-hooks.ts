/**
 * Takes tap's hooks of promises out of a test's process: `node --import` of this file, before tap is loaded. Those of tests stay.
 *
 * tap follows each promise and timer to the subtest that it comes from, so that an error which nobody catches is told there. It costs up to
 * five times the processor time of a test in which many promises are made. Without it such an error is told of the file, which fails
 * all the same (no-async-hooks.test.ts).
 */

import hooks, { type AsyncHook } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

/** The package by which tap does it. */
const TAPS = 'async-hook-domain'

const NO_HOOK: AsyncHook = { enable: () => NO_HOOK, disable: () => NO_HOOK }

const { createHook } = hooks
hooks.createHook = callbacks => (new Error().stack?.includes(TAPS) === true ? NO_HOOK : createHook(callbacks))
syncBuiltinESMExports()

/**
 * How long work in slices rests after a slice: nine times as long as that took. So it takes a tenth of the time, and on a busy
 * machine, where slices are long, it rests longer.
 */
const RESTS_PER_SLICE = 9
export const REST_MS_MIN = 2
const REST_MS_MAX = 1_000

export function restMs(tookMs: number, msMin = REST_MS_MIN): number {
  return Math.max(msMin, Math.min(REST_MS_MAX, RESTS_PER_SLICE * tookMs))
}

/**
 * The rest of sliced work after a slice, as a multiple of the time that the slice took. So the work takes a tenth of the time. On
 * a busy machine, where slices take long, it rests longer.
 */
const RESTS_PER_SLICE = 9
export const REST_MS_MIN = 2
const REST_MS_MAX = 1_000

export function restMs(tookMs: number, msMin = REST_MS_MIN): number {
  return Math.max(msMin, Math.min(REST_MS_MAX, RESTS_PER_SLICE * tookMs))
}

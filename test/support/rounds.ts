/** How deep tests go that try random things: LONGWIRE_TEST_ROUNDS=5 makes five times as many rounds, for a night. */

export const ROUNDS_FACTOR = Number(process.env.LONGWIRE_TEST_ROUNDS ?? 1)

export function rounds(count: number): number {
  return Math.ceil(count * ROUNDS_FACTOR)
}

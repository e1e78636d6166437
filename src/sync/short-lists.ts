/** Lists of a plan: most stay empty, and few get long. */

/** The list that stands for each empty one. */
export const NONE: never[] = []
Object.freeze(NONE)

/** The list with one more item. A short list is made anew, because a list that grows reserves space for 17 at once. */
export function added<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item]
  const [first] = list
  if (list.length === 1 && first !== undefined) return [first, item]
  list.push(item)
  return list
}

/** Cuts a list to a length. */
export function cut(list: unknown[], length: number): void {
  if (list.length > length) list.length = length
}

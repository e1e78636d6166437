/** Writes a record as no rule would, to see that what looks at the store finds it. */
import type { Actor } from '../../src/store/types.js'
import type { Engine } from '../../src/sync/engine.js'
import type { Outcome, RecordKind, Transition } from '../../src/sync/types.js'

interface Put {
  readonly kind: RecordKind<unknown>
  readonly id: string | number | undefined
  readonly value: unknown
}

const put: Transition<Put, void> = {
  name: 'test.put',
  run: (tx, { kind, id, value }) => {
    tx.get(kind, id)
    tx.put(kind, value, id)
  },
}

export function putRecord<T>(
  engine: Engine,
  actor: Actor,
  kind: RecordKind<T>,
  value: T,
  id?: string | number,
): Promise<Outcome<void>> {
  return engine.run(actor, put, { kind: kind as RecordKind<unknown>, id, value })
}

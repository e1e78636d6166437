// Keeps everything in memory, at once: for programs that need no memory of their last run, and for tests. A new client on
// the same object is the old one after a crash.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import type {
  Changes,
  HistoryDone,
  HistoryOptions,
  Json,
  SearchDone,
  Storage,
  StoredQuery,
  StoredRange,
} from './storage.js'
import { StoredModel } from './stored-model.js'

export class MemoryStorage implements Storage {
  readonly #model: StoredModel

  constructor(options?: HistoryOptions) {
    this.#model = new StoredModel(options)
  }

  open(done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void {
    done(undefined, this.#model.values)
  }

  commit(changes: Changes, done: (error?: Error) => void): void {
    this.#model.apply(changes)
    done()
  }

  history(conversation: ConversationId, range: StoredRange, done: HistoryDone): void {
    done(undefined, this.#model.page(conversation, range))
  }

  search(query: StoredQuery, done: SearchDone): void {
    done(undefined, this.#model.search(query))
  }

  close(done: () => void): void {
    done()
  }
}

// Opens a storage and makes a client of what it holds.
import { errorOf, LongwireError } from '../base/errors.js'
import { STORAGE_FORMAT } from '../rules/local-copy.js'
import { closeStorage, type Json } from '../storage/storage.js'
import { Client } from './client.js'
import { type ClientOptions, configOf } from './options.js'

/**
 * Opens the storage and makes a client of what it holds. Add listeners, then connect() if `account.signedIn`, or register or
 * log in.
 * @throws LongwireError STORAGE_FAILED, STORAGE_FORMAT; RangeError for an option that is out of range
 */
export function createClient(options: ClientOptions): Promise<Client> {
  const { stack } = new Error()
  return new Promise((resolve, reject) => {
    const config = configOf(options)
    const { storage } = config
    const refuse = (error: LongwireError): void => closeStorage(storage, () => reject(error.calledFrom(stack)))
    const opened = (error: Error | undefined, values: ReadonlyMap<string, Json>): void => {
      if (error !== undefined) refuse(LongwireError.local('STORAGE_FAILED', error))
      else if ((values.get('format') ?? STORAGE_FORMAT) !== STORAGE_FORMAT)
        refuse(LongwireError.local('STORAGE_FORMAT'))
      else make(values)
    }
    const make = (values: ReadonlyMap<string, Json>): void => {
      try {
        resolve(new Client(config, values))
      } catch (error) {
        refuse(error instanceof LongwireError ? error : LongwireError.local('STORAGE_FAILED', errorOf(error)))
      }
    }
    try {
      storage.open(opened)
    } catch (error) {
      refuse(LongwireError.local('STORAGE_FAILED', errorOf(error)))
    }
  })
}

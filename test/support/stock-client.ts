/** A person who uses nothing of ours but the .proto files: stock-generated code through the stock Connect client. */

import { type Client, ConnectError, createClient, type Interceptor, type Transport } from '@connectrpc/connect'
import { AccountService } from './stock/longwire/v1/account_pb.js'
import { ContactService } from './stock/longwire/v1/contact_pb.js'
import { ConnectionService, type ErrorDetail, ErrorDetailSchema } from './stock/longwire/v1/frame_pb.js'
import { GroupService } from './stock/longwire/v1/group_pb.js'
import { MessageService } from './stock/longwire/v1/message_pb.js'

export const STOCK_PASSWORD = 'correct horse battery'

export class StockPerson {
  readonly accounts: Client<typeof AccountService>
  readonly contacts: Client<typeof ContactService>
  readonly messages: Client<typeof MessageService>
  readonly groups: Client<typeof GroupService>
  readonly connections: Client<typeof ConnectionService>
  uid = 0n
  token = ''
  #sendSeq = 0n

  /** @param transportOf the transport, with our interceptor in it */
  constructor(transportOf: (interceptors: Interceptor[]) => Transport) {
    const transport = transportOf([
      next => request => {
        if (this.token !== '') request.header.set('Authorization', `Bearer ${this.token}`)
        return next(request)
      },
    ])
    this.accounts = createClient(AccountService, transport)
    this.contacts = createClient(ContactService, transport)
    this.messages = createClient(MessageService, transport)
    this.groups = createClient(GroupService, transport)
    this.connections = createClient(ConnectionService, transport)
  }

  async register(account: string): Promise<void> {
    const installationKey = new Uint8Array(16)
    new TextEncoder().encodeInto(account, installationKey)
    const { session } = await this.accounts.register({ account, password: STOCK_PASSWORD, installationKey })
    this.uid = session?.uid ?? 0n
    this.token = Buffer.from(session?.token ?? []).toString('base64url')
  }

  next(): bigint {
    this.#sendSeq++
    return this.#sendSeq
  }

  /** The waiting request of somebody, as the timeline shows it. */
  async requestOf(uid: bigint): Promise<bigint> {
    const { items } = await this.messages.sync({ waitMs: 5_000 })
    const contacts = items.flatMap(({ content }) => (content.case === 'contact' ? [content.value] : []))
    return contacts.find(contact => contact.uid === uid)?.request ?? 0n
  }

  async befriend(other: StockPerson): Promise<void> {
    await this.contacts.request({ sendSeq: this.next(), uid: other.uid, greeting: 'hello' })
    await other.contacts.accept({ sendSeq: other.next(), uid: this.uid, request: await other.requestOf(this.uid) })
  }

  /** Up to where the timeline is known. */
  async caughtUp(): Promise<bigint> {
    const { to } = await this.messages.sync({})
    return to
  }
}

export interface Refused {
  readonly error: ConnectError
  readonly detail: ErrorDetail
}

/** How a call was refused, with the detail that our code is in. @throws if it was not */
export async function refused(call: Promise<unknown>): Promise<Refused> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  )
  const [detail] = error?.findDetails(ErrorDetailSchema) ?? []
  if (error === undefined || detail === undefined) throw new Error(`not refused with a detail: ${error}`)
  return { error, detail }
}

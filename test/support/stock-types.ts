// The messages of the stock generator (`npx buf generate`), by name: the reference for our own tables and JSON.
import type { DescMessage } from '@bufbuild/protobuf'
import { file_longwire_v1_account } from './stock/longwire/v1/account_pb.js'
import { file_longwire_v1_contact } from './stock/longwire/v1/contact_pb.js'
import { file_longwire_v1_conversation } from './stock/longwire/v1/conversation_pb.js'
import { file_longwire_v1_endpoints } from './stock/longwire/v1/endpoints_pb.js'
import { file_longwire_v1_frame } from './stock/longwire/v1/frame_pb.js'
import { file_longwire_v1_group } from './stock/longwire/v1/group_pb.js'
import { file_longwire_v1_item } from './stock/longwire/v1/item_pb.js'
import { file_longwire_v1_message } from './stock/longwire/v1/message_pb.js'
import { file_longwire_v1_room } from './stock/longwire/v1/room_pb.js'
import { file_longwire_v1_signal } from './stock/longwire/v1/signal_pb.js'

export const STOCK_FILES = [
  file_longwire_v1_account,
  file_longwire_v1_contact,
  file_longwire_v1_conversation,
  file_longwire_v1_endpoints,
  file_longwire_v1_frame,
  file_longwire_v1_group,
  file_longwire_v1_item,
  file_longwire_v1_message,
  file_longwire_v1_room,
  file_longwire_v1_signal,
] as const

/** By the name that the message has in our code. */
export const STOCK_TYPES: ReadonlyMap<string, DescMessage> = new Map(
  STOCK_FILES.flatMap(file => file.messages.map(message => [message.name, message] as const)),
)

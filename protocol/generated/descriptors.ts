// Generated from protocol/longwire/v1/*.proto by protocol/generate; `npm run generate` writes it again. Do not edit.
//
// Of every message X: XType, its table. RPC_TYPES: the messages of every rpc, by `Service.Rpc`.
import { field, messageType, type RpcTypes } from '../descriptor.js'
import * as m from './messages.js'

const ContactStateValues = ['CONTACT_STATE_UNSPECIFIED', 'CONTACT_STATE_REQUESTED', 'CONTACT_STATE_INVITED', 'CONTACT_STATE_FRIEND'] as const

const StrangerValues = ['STRANGER_UNSPECIFIED', 'STRANGER_WAITS', 'STRANGER_ASKS', 'STRANGER_OPEN'] as const

const GroupRoleValues = ['GROUP_ROLE_UNSPECIFIED', 'GROUP_ROLE_MEMBER', 'GROUP_ROLE_ADMIN', 'GROUP_ROLE_OWNER'] as const

const GroupStateValues = ['GROUP_STATE_UNSPECIFIED', 'GROUP_STATE_INVITED', 'GROUP_STATE_ASKED', 'GROUP_STATE_JOINING', 'GROUP_STATE_MEMBER', 'GROUP_STATE_LEAVING'] as const

const GroupJoinValues = ['GROUP_JOIN_UNSPECIFIED', 'GROUP_JOIN_CODE', 'GROUP_JOIN_APPROVAL'] as const

const GroupActValues = ['GROUP_ACT_UNSPECIFIED', 'GROUP_ACT_CREATED', 'GROUP_ACT_JOINED', 'GROUP_ACT_LEFT', 'GROUP_ACT_REMOVED', 'GROUP_ACT_RENAMED', 'GROUP_ACT_ANNOUNCED', 'GROUP_ACT_RULES_SET', 'GROUP_ACT_ROLE_SET', 'GROUP_ACT_MUTED', 'GROUP_ACT_UNMUTED', 'GROUP_ACT_DISSOLVED'] as const

const RoomKindValues = ['ROOM_KIND_UNSPECIFIED', 'ROOM_KIND_BOARD', 'ROOM_KIND_REALTIME'] as const

const RoomRoleValues = ['ROOM_ROLE_UNSPECIFIED', 'ROOM_ROLE_LISTENER', 'ROOM_ROLE_PUBLISHER', 'ROOM_ROLE_OWNER', 'ROOM_ROLE_REMOVED'] as const

const RoomStateValues = ['ROOM_STATE_UNSPECIFIED', 'ROOM_STATE_ASKED', 'ROOM_STATE_LISTENING'] as const

export const EndpointType = messageType<m.Endpoint>('Endpoint', m.createEndpoint, [
  field('host', 'host', 1, 'string'),
  field('port', 'port', 2, 'uint32'),
  field('url', 'url', 3, 'string'),
  field('weight', 'weight', 4, 'uint32'),
])

export const EndpointsType = messageType<m.Endpoints>('Endpoints', m.createEndpoints, [
  field('endpoints', 'endpoints', 1, 'message', { message: EndpointType, repeated: true }),
  field('ttlS', 'ttl_s', 2, 'uint32'),
])

export const FrameType = messageType<m.Frame>('Frame', m.createFrame, [
  field('id', 'id', 1, 'uint32'),
  field('method', 'method', 2, 'uint32'),
  field('body', 'body', 3, 'bytes'),
  field('code', 'code', 4, 'uint32'),
  field('message', 'message', 5, 'string'),
  field('retryAfterMs', 'retry_after_ms', 6, 'uint32'),
])

export const RefusalType = messageType<m.Refusal>('Refusal', m.createRefusal, [
  field('expectedSendSeq', 'expected_send_seq', 1, 'uint64'),
  field('boundAttempt', 'bound_attempt', 2, 'uint64'),
])

export const ErrorDetailType = messageType<m.ErrorDetail>('ErrorDetail', m.createErrorDetail, [
  field('code', 'code', 1, 'uint32'),
  field('retryAfterMs', 'retry_after_ms', 2, 'uint32'),
  field('refusal', 'refusal', 3, 'message', { message: RefusalType }),
])

export const HelloRequestType = messageType<m.HelloRequest>('HelloRequest', m.createHelloRequest, [
  field('token', 'token', 1, 'bytes', { max: 128 }),
  field('attempt', 'attempt', 2, 'uint64'),
  field('since', 'since', 3, 'uint64'),
  field('heartbeatMs', 'heartbeat_ms', 5, 'uint32'),
  field('storeId', 'store_id', 6, 'bytes', { max: 32 }),
  field('revision', 'revision', 7, 'uint32'),
  field('client', 'client', 8, 'string', { max: 128 }),
  field('fromHead', 'from_head', 9, 'bool'),
])

export const HelloResponseType = messageType<m.HelloResponse>('HelloResponse', m.createHelloResponse, [
  field('uid', 'uid', 1, 'uint64'),
  field('device', 'device', 2, 'uint32'),
  field('lastSendSeq', 'last_send_seq', 3, 'uint64'),
  field('ack', 'ack', 4, 'uint64'),
  field('storeId', 'store_id', 5, 'bytes'),
  field('head', 'head', 6, 'uint64'),
  field('resync', 'resync', 7, 'bool'),
  field('serverTimeMs', 'server_time_ms', 8, 'uint64'),
  field('openContacts', 'open_contacts', 9, 'bool'),
])

export const MessageContentType = messageType<m.MessageContent>('MessageContent', m.createMessageContent, [
  field('kind', 'kind', 1, 'uint32'),
  field('body', 'body', 2, 'bytes'),
])

export const MessageIdType = messageType<m.MessageId>('MessageId', m.createMessageId, [
  field('sender', 'sender', 1, 'uint64'),
  field('device', 'device', 2, 'uint32'),
  field('sendSeq', 'send_seq', 3, 'uint64'),
  field('number', 'number', 4, 'uint64'),
])

export const MentionType = messageType<m.Mention>('Mention', m.createMention, [
  field('start', 'start', 1, 'uint32'),
  field('length', 'length', 2, 'uint32'),
  field('uid', 'uid', 3, 'uint64'),
])

export const MessageExtraType = messageType<m.MessageExtra>('MessageExtra', m.createMessageExtra, [
  field('reply', 'reply', 1, 'message', { message: MessageIdType }),
  field('mentions', 'mentions', 2, 'message', { message: MentionType, repeated: true }),
  field('metadata', 'metadata', 3, 'bytes'),
  field('forwarded', 'forwarded', 4, 'bool'),
])

export const ReactionType = messageType<m.Reaction>('Reaction', m.createReaction, [
  field('kind', 'kind', 1, 'string'),
  field('count', 'count', 2, 'uint32'),
  field('mine', 'mine', 3, 'bool'),
])

export const MessageStateType = messageType<m.MessageState>('MessageState', m.createMessageState, [
  field('editedAtMs', 'edited_at_ms', 1, 'uint64'),
  field('editNumber', 'edit_number', 2, 'uint64'),
  field('changeNumber', 'change_number', 3, 'uint64'),
  field('recalledBy', 'recalled_by', 4, 'uint64'),
  field('deleted', 'deleted', 5, 'bool'),
  field('withheld', 'withheld', 6, 'bool'),
  field('reactions', 'reactions', 7, 'message', { message: ReactionType, repeated: true }),
])

export const MessageType = messageType<m.Message>('Message', m.createMessage, [
  field('sender', 'sender', 1, 'uint64'),
  field('device', 'device', 2, 'uint32'),
  field('sendSeq', 'send_seq', 3, 'uint64'),
  field('atMs', 'at_ms', 4, 'uint64'),
  field('recipient', 'recipient', 5, 'uint64'),
  field('text', 'text', 6, 'string'),
  field('content', 'content', 7, 'message', { message: MessageContentType }),
  field('extra', 'extra', 8, 'message', { message: MessageExtraType }),
  field('state', 'state', 9, 'message', { message: MessageStateType }),
])

export const ContactType = messageType<m.Contact>('Contact', m.createContact, [
  field('uid', 'uid', 1, 'uint64'),
  field('state', 'state', 2, 'enum', { values: ContactStateValues }),
  field('request', 'request', 3, 'uint64'),
  field('blocked', 'blocked', 4, 'bool'),
  field('account', 'account', 5, 'string'),
  field('nickname', 'nickname', 6, 'string'),
  field('greeting', 'greeting', 7, 'string'),
  field('stranger', 'stranger', 8, 'enum', { values: StrangerValues }),
  field('sinceMs', 'since_ms', 9, 'uint64'),
])

export const FailedType = messageType<m.Failed>('Failed', m.createFailed, [
  field('device', 'device', 1, 'uint32'),
  field('sendSeq', 'send_seq', 2, 'uint64'),
  field('recipient', 'recipient', 3, 'uint64'),
  field('code', 'code', 4, 'uint32'),
  field('conversation', 'conversation', 5, 'string'),
])

export const WatermarkType = messageType<m.Watermark>('Watermark', m.createWatermark, [
  field('device', 'device', 1, 'uint32'),
  field('sendSeq', 'send_seq', 2, 'uint64'),
])

export const DeliveredType = messageType<m.Delivered>('Delivered', m.createDelivered, [
  field('peer', 'peer', 1, 'uint64'),
  field('marks', 'marks', 2, 'message', { message: WatermarkType, repeated: true }),
])

export const ReadType = messageType<m.Read>('Read', m.createRead, [
  field('peer', 'peer', 1, 'uint64'),
  field('own', 'own', 2, 'bool'),
  field('marks', 'marks', 3, 'message', { message: WatermarkType, repeated: true }),
])

export const OwnProfileType = messageType<m.OwnProfile>('OwnProfile', m.createOwnProfile, [
  field('account', 'account', 1, 'string'),
  field('nickname', 'nickname', 2, 'string'),
])

export const ConversationMessageType = messageType<m.ConversationMessage>('ConversationMessage', m.createConversationMessage, [
  field('sender', 'sender', 1, 'uint64'),
  field('device', 'device', 2, 'uint32'),
  field('sendSeq', 'send_seq', 3, 'uint64'),
  field('atMs', 'at_ms', 4, 'uint64'),
  field('conversation', 'conversation', 5, 'string'),
  field('text', 'text', 6, 'string'),
  field('content', 'content', 7, 'message', { message: MessageContentType }),
  field('number', 'number', 8, 'uint64'),
  field('extra', 'extra', 9, 'message', { message: MessageExtraType }),
  field('state', 'state', 10, 'message', { message: MessageStateType }),
])

export const GroupRulesType = messageType<m.GroupRules>('GroupRules', m.createGroupRules, [
  field('join', 'join', 1, 'enum', { values: GroupJoinValues }),
  field('adminsInvite', 'admins_invite', 2, 'bool'),
  field('adminsWrite', 'admins_write', 3, 'bool'),
  field('history', 'history', 4, 'uint32'),
])

export const GroupChangeType = messageType<m.GroupChange>('GroupChange', m.createGroupChange, [
  field('conversation', 'conversation', 1, 'string'),
  field('number', 'number', 2, 'uint64'),
  field('atMs', 'at_ms', 3, 'uint64'),
  field('act', 'act', 4, 'enum', { values: GroupActValues }),
  field('by', 'by', 5, 'uint64'),
  field('uid', 'uid', 6, 'uint64'),
  field('text', 'text', 7, 'string'),
  field('role', 'role', 8, 'enum', { values: GroupRoleValues }),
  field('rules', 'rules', 9, 'message', { message: GroupRulesType }),
])

export const GroupType = messageType<m.Group>('Group', m.createGroup, [
  field('conversation', 'conversation', 1, 'string'),
  field('state', 'state', 2, 'enum', { values: GroupStateValues }),
  field('number', 'number', 3, 'uint64'),
  field('inviter', 'inviter', 4, 'uint64'),
  field('title', 'title', 5, 'string'),
  field('announcement', 'announcement', 6, 'string'),
  field('role', 'role', 7, 'enum', { values: GroupRoleValues }),
  field('muted', 'muted', 8, 'bool'),
  field('rules', 'rules', 9, 'message', { message: GroupRulesType }),
  field('until', 'until', 10, 'uint64'),
  field('asking', 'asking', 11, 'uint32'),
])

export const ChangedType = messageType<m.Changed>('Changed', m.createChanged, [
  field('direct', 'direct', 1, 'message', { message: MessageType, oneof: 'message' }),
  field('conversation', 'conversation', 2, 'message', { message: ConversationMessageType, oneof: 'message' }),
])

export const ConversationSettingsType = messageType<m.ConversationSettings>('ConversationSettings', m.createConversationSettings, [
  field('muted', 'muted', 1, 'bool'),
  field('pinned', 'pinned', 2, 'bool'),
  field('archived', 'archived', 3, 'bool'),
  field('unread', 'unread', 4, 'bool'),
])

export const ConversationStateType = messageType<m.ConversationState>('ConversationState', m.createConversationState, [
  field('conversation', 'conversation', 1, 'string'),
  field('settings', 'settings', 2, 'message', { message: ConversationSettingsType }),
  field('read', 'read', 3, 'uint64'),
  field('cleared', 'cleared', 4, 'uint64'),
])

export const PreferencesType = messageType<m.Preferences>('Preferences', m.createPreferences, [
  field('noReceipts', 'no_receipts', 1, 'bool'),
  field('askBeforeGroups', 'ask_before_groups', 2, 'bool'),
  field('noPresence', 'no_presence', 3, 'bool'),
  field('friendsOnly', 'friends_only', 4, 'bool'),
])

export const RoomType = messageType<m.Room>('Room', m.createRoom, [
  field('conversation', 'conversation', 1, 'string'),
  field('state', 'state', 2, 'enum', { values: RoomStateValues }),
  field('number', 'number', 3, 'uint64'),
  field('kind', 'kind', 4, 'enum', { values: RoomKindValues }),
  field('role', 'role', 5, 'enum', { values: RoomRoleValues }),
  field('confirmed', 'confirmed', 6, 'uint64'),
])

export const ItemType = messageType<m.Item>('Item', m.createItem, [
  field('skip', 'skip', 1, 'uint64'),
  field('message', 'message', 2, 'message', { message: MessageType, oneof: 'content' }),
  field('contact', 'contact', 3, 'message', { message: ContactType, oneof: 'content' }),
  field('failed', 'failed', 4, 'message', { message: FailedType, oneof: 'content' }),
  field('delivered', 'delivered', 5, 'message', { message: DeliveredType, oneof: 'content' }),
  field('read', 'read', 6, 'message', { message: ReadType, oneof: 'content' }),
  field('ownProfile', 'own_profile', 7, 'message', { message: OwnProfileType, oneof: 'content' }),
  field('conversationMessage', 'conversation_message', 8, 'message', { message: ConversationMessageType, oneof: 'content' }),
  field('groupChange', 'group_change', 9, 'message', { message: GroupChangeType, oneof: 'content' }),
  field('group', 'group', 10, 'message', { message: GroupType, oneof: 'content' }),
  field('changed', 'changed', 11, 'message', { message: ChangedType, oneof: 'content' }),
  field('conversationState', 'conversation_state', 12, 'message', { message: ConversationStateType, oneof: 'content' }),
  field('preferences', 'preferences', 13, 'message', { message: PreferencesType, oneof: 'content' }),
  field('room', 'room', 14, 'message', { message: RoomType, oneof: 'content' }),
])

export const PushNoticeType = messageType<m.PushNotice>('PushNotice', m.createPushNotice, [
  field('from', 'from', 1, 'uint64'),
  field('to', 'to', 2, 'uint64'),
  field('trimmed', 'trimmed', 3, 'bool'),
  field('items', 'items', 4, 'message', { message: ItemType, repeated: true }),
])

export const NotifyNoticeType = messageType<m.NotifyNotice>('NotifyNotice', m.createNotifyNotice, [
  field('version', 'version', 1, 'uint64', { required: true }),
])

export const MarkType = messageType<m.Mark>('Mark', m.createMark, [
  field('peer', 'peer', 1, 'uint64', { required: true }),
  field('device', 'device', 2, 'uint32', { required: true }),
  field('sendSeq', 'send_seq', 3, 'uint64', { required: true }),
])

export const AckNoticeType = messageType<m.AckNotice>('AckNotice', m.createAckNotice, [
  field('version', 'version', 1, 'uint64'),
  field('delivered', 'delivered', 2, 'message', { message: MarkType, repeated: true, max: 256 }),
  field('read', 'read', 3, 'message', { message: MarkType, repeated: true, max: 256 }),
])

export const DrainNoticeType = messageType<m.DrainNotice>('DrainNotice', m.createDrainNotice, [
  field('endpoints', 'endpoints', 1, 'message', { message: EndpointsType }),
])

export const EndpointsRequestType = messageType<m.EndpointsRequest>('EndpointsRequest', m.createEndpointsRequest, [])

export const EndpointsResponseType = messageType<m.EndpointsResponse>('EndpointsResponse', m.createEndpointsResponse, [
  field('endpoints', 'endpoints', 1, 'message', { message: EndpointsType }),
])

export const CloseNoticeType = messageType<m.CloseNotice>('CloseNotice', m.createCloseNotice, [
  field('boundAttempt', 'bound_attempt', 1, 'uint64'),
])

export const CustomType = messageType<m.Custom>('Custom', m.createCustom, [
  field('type', 'type', 1, 'string', { required: true, max: 64 }),
  field('data', 'data', 2, 'bytes', { max: 16384 }),
])

export const LocationType = messageType<m.Location>('Location', m.createLocation, [
  field('latitude', 'latitude', 1, 'uint32'),
  field('longitude', 'longitude', 2, 'uint32'),
  field('name', 'name', 3, 'string', { max: 256 }),
])

export const CardType = messageType<m.Card>('Card', m.createCard, [
  field('uid', 'uid', 1, 'uint64', { required: true }),
])

export const RoomRulesType = messageType<m.RoomRules>('RoomRules', m.createRoomRules, [
  field('allPublish', 'all_publish', 1, 'bool'),
  field('codeNeeded', 'code_needed', 2, 'bool'),
])

export const SendRequestType = messageType<m.SendRequest>('SendRequest', m.createSendRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('to', 'to', 2, 'uint64', { required: true }),
  field('text', 'text', 3, 'string', { required: true }),
])

export const SendResponseType = messageType<m.SendResponse>('SendResponse', m.createSendResponse, [
  field('version', 'version', 1, 'uint64'),
  field('from', 'from', 2, 'uint64'),
])

export const SyncRequestType = messageType<m.SyncRequest>('SyncRequest', m.createSyncRequest, [
  field('since', 'since', 1, 'uint64'),
  field('ack', 'ack', 2, 'message', { message: AckNoticeType }),
  field('waitMs', 'wait_ms', 3, 'uint32'),
  field('sends', 'sends', 4, 'message', { message: SendRequestType, repeated: true, max: 64 }),
  field('attempt', 'attempt', 5, 'uint64'),
  field('state', 'state', 6, 'bool'),
])

export const SendResultType = messageType<m.SendResult>('SendResult', m.createSendResult, [
  field('version', 'version', 1, 'uint64'),
  field('from', 'from', 2, 'uint64'),
  field('code', 'code', 3, 'uint32'),
  field('message', 'message', 4, 'string'),
  field('retryAfterMs', 'retry_after_ms', 5, 'uint32'),
  field('refusal', 'refusal', 6, 'message', { message: RefusalType }),
])

export const SyncResponseType = messageType<m.SyncResponse>('SyncResponse', m.createSyncResponse, [
  field('to', 'to', 1, 'uint64'),
  field('more', 'more', 2, 'bool'),
  field('trimmed', 'trimmed', 3, 'bool'),
  field('items', 'items', 4, 'message', { message: ItemType, repeated: true }),
  field('results', 'results', 5, 'message', { message: SendResultType, repeated: true }),
])

export const VoidRequestType = messageType<m.VoidRequest>('VoidRequest', m.createVoidRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('count', 'count', 2, 'uint32'),
])

export const VoidResponseType = messageType<m.VoidResponse>('VoidResponse', m.createVoidResponse, [])

export const PostRequestType = messageType<m.PostRequest>('PostRequest', m.createPostRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('text', 'text', 3, 'string', { required: true }),
  field('content', 'content', 4, 'message', { message: MessageContentType }),
  field('reply', 'reply', 5, 'message', { message: MessageIdType }),
  field('mentions', 'mentions', 6, 'message', { message: MentionType, repeated: true, max: 100 }),
  field('metadata', 'metadata', 7, 'bytes', { max: 1024 }),
])

export const PostResponseType = messageType<m.PostResponse>('PostResponse', m.createPostResponse, [
  field('version', 'version', 1, 'uint64'),
  field('from', 'from', 2, 'uint64'),
])

export const EditRequestType = messageType<m.EditRequest>('EditRequest', m.createEditRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('message', 'message', 3, 'message', { message: MessageIdType, required: true }),
  field('text', 'text', 4, 'string', { required: true }),
  field('mentions', 'mentions', 5, 'message', { message: MentionType, repeated: true, max: 100 }),
])

export const EditResponseType = messageType<m.EditResponse>('EditResponse', m.createEditResponse, [])

export const RecallRequestType = messageType<m.RecallRequest>('RecallRequest', m.createRecallRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('message', 'message', 3, 'message', { message: MessageIdType, required: true }),
])

export const RecallResponseType = messageType<m.RecallResponse>('RecallResponse', m.createRecallResponse, [])

export const ForwardRequestType = messageType<m.ForwardRequest>('ForwardRequest', m.createForwardRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('source', 'source', 3, 'string', { required: true, max: 64 }),
  field('message', 'message', 4, 'message', { message: MessageIdType, required: true }),
])

export const ForwardResponseType = messageType<m.ForwardResponse>('ForwardResponse', m.createForwardResponse, [
  field('version', 'version', 1, 'uint64'),
  field('from', 'from', 2, 'uint64'),
])

export const DeleteRequestType = messageType<m.DeleteRequest>('DeleteRequest', m.createDeleteRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('messages', 'messages', 3, 'message', { message: MessageIdType, repeated: true, required: true, max: 64 }),
])

export const DeleteResponseType = messageType<m.DeleteResponse>('DeleteResponse', m.createDeleteResponse, [])

export const ClearRequestType = messageType<m.ClearRequest>('ClearRequest', m.createClearRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('upTo', 'up_to', 3, 'uint64', { required: true }),
])

export const ClearResponseType = messageType<m.ClearResponse>('ClearResponse', m.createClearResponse, [])

export const ReactRequestType = messageType<m.ReactRequest>('ReactRequest', m.createReactRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('message', 'message', 3, 'message', { message: MessageIdType, required: true }),
  field('kind', 'kind', 4, 'string', { required: true, max: 32 }),
  field('off', 'off', 5, 'bool'),
])

export const ReactResponseType = messageType<m.ReactResponse>('ReactResponse', m.createReactResponse, [])

export const RegisterRequestType = messageType<m.RegisterRequest>('RegisterRequest', m.createRegisterRequest, [
  field('account', 'account', 1, 'string', { required: true, max: 32 }),
  field('password', 'password', 2, 'string', { required: true, max: 256 }),
  field('installationKey', 'installation_key', 3, 'bytes', { required: true, length: 16 }),
  field('nickname', 'nickname', 4, 'string', { max: 64 }),
  field('deviceName', 'device_name', 5, 'string', { max: 64 }),
])

export const SessionType = messageType<m.Session>('Session', m.createSession, [
  field('uid', 'uid', 1, 'uint64'),
  field('device', 'device', 2, 'uint32'),
  field('token', 'token', 3, 'bytes'),
  field('expiresAtMs', 'expires_at_ms', 4, 'uint64'),
  field('lastSendSeq', 'last_send_seq', 5, 'uint64'),
  field('storeId', 'store_id', 6, 'bytes'),
  field('boundAttempt', 'bound_attempt', 7, 'uint64'),
])

export const RegisterResponseType = messageType<m.RegisterResponse>('RegisterResponse', m.createRegisterResponse, [
  field('session', 'session', 1, 'message', { message: SessionType }),
  field('endpoints', 'endpoints', 2, 'message', { message: EndpointsType }),
])

export const LoginRequestType = messageType<m.LoginRequest>('LoginRequest', m.createLoginRequest, [
  field('account', 'account', 1, 'string', { required: true, max: 32 }),
  field('password', 'password', 2, 'string', { required: true, max: 256 }),
  field('installationKey', 'installation_key', 3, 'bytes', { required: true, length: 16 }),
  field('deviceName', 'device_name', 4, 'string', { max: 64 }),
])

export const LoginResponseType = messageType<m.LoginResponse>('LoginResponse', m.createLoginResponse, [
  field('session', 'session', 1, 'message', { message: SessionType }),
  field('endpoints', 'endpoints', 2, 'message', { message: EndpointsType }),
])

export const LogoutRequestType = messageType<m.LogoutRequest>('LogoutRequest', m.createLogoutRequest, [])

export const LogoutResponseType = messageType<m.LogoutResponse>('LogoutResponse', m.createLogoutResponse, [])

export const GetProfileRequestType = messageType<m.GetProfileRequest>('GetProfileRequest', m.createGetProfileRequest, [
  field('uid', 'uid', 1, 'uint64'),
  field('account', 'account', 2, 'string', { max: 32 }),
])

export const GetProfileResponseType = messageType<m.GetProfileResponse>('GetProfileResponse', m.createGetProfileResponse, [
  field('uid', 'uid', 1, 'uint64'),
  field('account', 'account', 2, 'string'),
  field('nickname', 'nickname', 3, 'string'),
])

export const UpdateProfileRequestType = messageType<m.UpdateProfileRequest>('UpdateProfileRequest', m.createUpdateProfileRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('nickname', 'nickname', 2, 'string', { max: 64 }),
])

export const UpdateProfileResponseType = messageType<m.UpdateProfileResponse>('UpdateProfileResponse', m.createUpdateProfileResponse, [])

export const ChangePasswordRequestType = messageType<m.ChangePasswordRequest>('ChangePasswordRequest', m.createChangePasswordRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('oldPassword', 'old_password', 2, 'string', { required: true, max: 256 }),
  field('newPassword', 'new_password', 3, 'string', { required: true, max: 256 }),
])

export const ChangePasswordResponseType = messageType<m.ChangePasswordResponse>('ChangePasswordResponse', m.createChangePasswordResponse, [
  field('token', 'token', 1, 'bytes', { max: 128 }),
])

export const ListDevicesRequestType = messageType<m.ListDevicesRequest>('ListDevicesRequest', m.createListDevicesRequest, [])

export const DeviceType = messageType<m.Device>('Device', m.createDevice, [
  field('device', 'device', 1, 'uint32'),
  field('name', 'name', 2, 'string'),
  field('createdAtMs', 'created_at_ms', 3, 'uint64'),
  field('lastSeenMs', 'last_seen_ms', 4, 'uint64'),
  field('current', 'current', 5, 'bool'),
])

export const ListDevicesResponseType = messageType<m.ListDevicesResponse>('ListDevicesResponse', m.createListDevicesResponse, [
  field('devices', 'devices', 1, 'message', { message: DeviceType, repeated: true }),
])

export const RemoveDeviceRequestType = messageType<m.RemoveDeviceRequest>('RemoveDeviceRequest', m.createRemoveDeviceRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('device', 'device', 2, 'uint32', { required: true }),
])

export const RemoveDeviceResponseType = messageType<m.RemoveDeviceResponse>('RemoveDeviceResponse', m.createRemoveDeviceResponse, [])

export const DeleteAccountRequestType = messageType<m.DeleteAccountRequest>('DeleteAccountRequest', m.createDeleteAccountRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('password', 'password', 2, 'string', { required: true, max: 256 }),
])

export const DeleteAccountResponseType = messageType<m.DeleteAccountResponse>('DeleteAccountResponse', m.createDeleteAccountResponse, [])

export const ContactServiceRequestRequestType = messageType<m.ContactServiceRequestRequest>('ContactServiceRequestRequest', m.createContactServiceRequestRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('uid', 'uid', 2, 'uint64', { required: true }),
  field('greeting', 'greeting', 3, 'string', { max: 256 }),
])

export const ContactServiceRequestResponseType = messageType<m.ContactServiceRequestResponse>('ContactServiceRequestResponse', m.createContactServiceRequestResponse, [])

export const ContactServiceAcceptRequestType = messageType<m.ContactServiceAcceptRequest>('ContactServiceAcceptRequest', m.createContactServiceAcceptRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('uid', 'uid', 2, 'uint64', { required: true }),
  field('request', 'request', 3, 'uint64', { required: true }),
])

export const ContactServiceAcceptResponseType = messageType<m.ContactServiceAcceptResponse>('ContactServiceAcceptResponse', m.createContactServiceAcceptResponse, [])

export const ContactServiceDeclineRequestType = messageType<m.ContactServiceDeclineRequest>('ContactServiceDeclineRequest', m.createContactServiceDeclineRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('uid', 'uid', 2, 'uint64', { required: true }),
  field('request', 'request', 3, 'uint64', { required: true }),
])

export const ContactServiceDeclineResponseType = messageType<m.ContactServiceDeclineResponse>('ContactServiceDeclineResponse', m.createContactServiceDeclineResponse, [])

export const ContactServiceCancelRequestType = messageType<m.ContactServiceCancelRequest>('ContactServiceCancelRequest', m.createContactServiceCancelRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('uid', 'uid', 2, 'uint64', { required: true }),
  field('request', 'request', 3, 'uint64', { required: true }),
])

export const ContactServiceCancelResponseType = messageType<m.ContactServiceCancelResponse>('ContactServiceCancelResponse', m.createContactServiceCancelResponse, [])

export const ContactServiceRemoveRequestType = messageType<m.ContactServiceRemoveRequest>('ContactServiceRemoveRequest', m.createContactServiceRemoveRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('uid', 'uid', 2, 'uint64', { required: true }),
])

export const ContactServiceRemoveResponseType = messageType<m.ContactServiceRemoveResponse>('ContactServiceRemoveResponse', m.createContactServiceRemoveResponse, [])

export const ContactServiceBlockRequestType = messageType<m.ContactServiceBlockRequest>('ContactServiceBlockRequest', m.createContactServiceBlockRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('uid', 'uid', 2, 'uint64', { required: true }),
])

export const ContactServiceBlockResponseType = messageType<m.ContactServiceBlockResponse>('ContactServiceBlockResponse', m.createContactServiceBlockResponse, [])

export const ContactServiceUnblockRequestType = messageType<m.ContactServiceUnblockRequest>('ContactServiceUnblockRequest', m.createContactServiceUnblockRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('uid', 'uid', 2, 'uint64', { required: true }),
])

export const ContactServiceUnblockResponseType = messageType<m.ContactServiceUnblockResponse>('ContactServiceUnblockResponse', m.createContactServiceUnblockResponse, [])

export const ContactServiceListRequestType = messageType<m.ContactServiceListRequest>('ContactServiceListRequest', m.createContactServiceListRequest, [
  field('after', 'after', 1, 'uint64'),
])

export const ContactServiceListResponseType = messageType<m.ContactServiceListResponse>('ContactServiceListResponse', m.createContactServiceListResponse, [
  field('contacts', 'contacts', 1, 'message', { message: ContactType, repeated: true }),
  field('next', 'next', 2, 'uint64'),
])

export const InviteeType = messageType<m.Invitee>('Invitee', m.createInvitee, [
  field('uid', 'uid', 1, 'uint64', { required: true }),
])

export const GroupServiceCreateRequestType = messageType<m.GroupServiceCreateRequest>('GroupServiceCreateRequest', m.createGroupServiceCreateRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('title', 'title', 2, 'string', { required: true, max: 128 }),
  field('invitees', 'invitees', 3, 'message', { message: InviteeType, repeated: true, max: 50 }),
])

export const GroupServiceCreateResponseType = messageType<m.GroupServiceCreateResponse>('GroupServiceCreateResponse', m.createGroupServiceCreateResponse, [
  field('conversation', 'conversation', 1, 'string'),
])

export const GroupServiceInviteRequestType = messageType<m.GroupServiceInviteRequest>('GroupServiceInviteRequest', m.createGroupServiceInviteRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('invitees', 'invitees', 3, 'message', { message: InviteeType, repeated: true, max: 50 }),
])

export const GroupServiceInviteResponseType = messageType<m.GroupServiceInviteResponse>('GroupServiceInviteResponse', m.createGroupServiceInviteResponse, [])

export const GroupServiceAcceptRequestType = messageType<m.GroupServiceAcceptRequest>('GroupServiceAcceptRequest', m.createGroupServiceAcceptRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('invitation', 'invitation', 3, 'uint64', { required: true }),
])

export const GroupServiceAcceptResponseType = messageType<m.GroupServiceAcceptResponse>('GroupServiceAcceptResponse', m.createGroupServiceAcceptResponse, [])

export const GroupServiceDeclineRequestType = messageType<m.GroupServiceDeclineRequest>('GroupServiceDeclineRequest', m.createGroupServiceDeclineRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('invitation', 'invitation', 3, 'uint64', { required: true }),
])

export const GroupServiceDeclineResponseType = messageType<m.GroupServiceDeclineResponse>('GroupServiceDeclineResponse', m.createGroupServiceDeclineResponse, [])

export const GroupServiceJoinRequestType = messageType<m.GroupServiceJoinRequest>('GroupServiceJoinRequest', m.createGroupServiceJoinRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('code', 'code', 3, 'string', { required: true, max: 32 }),
])

export const GroupServiceJoinResponseType = messageType<m.GroupServiceJoinResponse>('GroupServiceJoinResponse', m.createGroupServiceJoinResponse, [])

export const GroupServiceApproveRequestType = messageType<m.GroupServiceApproveRequest>('GroupServiceApproveRequest', m.createGroupServiceApproveRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('uid', 'uid', 3, 'uint64', { required: true }),
  field('request', 'request', 4, 'uint64', { required: true }),
  field('yes', 'yes', 5, 'bool'),
])

export const GroupServiceApproveResponseType = messageType<m.GroupServiceApproveResponse>('GroupServiceApproveResponse', m.createGroupServiceApproveResponse, [])

export const GroupServiceLeaveRequestType = messageType<m.GroupServiceLeaveRequest>('GroupServiceLeaveRequest', m.createGroupServiceLeaveRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
])

export const GroupServiceLeaveResponseType = messageType<m.GroupServiceLeaveResponse>('GroupServiceLeaveResponse', m.createGroupServiceLeaveResponse, [])

export const GroupServiceRemoveRequestType = messageType<m.GroupServiceRemoveRequest>('GroupServiceRemoveRequest', m.createGroupServiceRemoveRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('uid', 'uid', 3, 'uint64', { required: true }),
  field('number', 'number', 4, 'uint64'),
])

export const GroupServiceRemoveResponseType = messageType<m.GroupServiceRemoveResponse>('GroupServiceRemoveResponse', m.createGroupServiceRemoveResponse, [])

export const GroupServiceRenameRequestType = messageType<m.GroupServiceRenameRequest>('GroupServiceRenameRequest', m.createGroupServiceRenameRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('title', 'title', 3, 'string', { required: true, max: 128 }),
])

export const GroupServiceRenameResponseType = messageType<m.GroupServiceRenameResponse>('GroupServiceRenameResponse', m.createGroupServiceRenameResponse, [])

export const GroupServiceAnnounceRequestType = messageType<m.GroupServiceAnnounceRequest>('GroupServiceAnnounceRequest', m.createGroupServiceAnnounceRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('announcement', 'announcement', 3, 'string', { max: 2048 }),
])

export const GroupServiceAnnounceResponseType = messageType<m.GroupServiceAnnounceResponse>('GroupServiceAnnounceResponse', m.createGroupServiceAnnounceResponse, [])

export const WantedGroupRulesType = messageType<m.WantedGroupRules>('WantedGroupRules', m.createWantedGroupRules, [
  field('join', 'join', 1, 'enum', { values: GroupJoinValues, known: true }),
  field('adminsInvite', 'admins_invite', 2, 'bool'),
  field('adminsWrite', 'admins_write', 3, 'bool'),
  field('history', 'history', 4, 'uint32'),
])

export const GroupServiceSetRulesRequestType = messageType<m.GroupServiceSetRulesRequest>('GroupServiceSetRulesRequest', m.createGroupServiceSetRulesRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('rules', 'rules', 3, 'message', { message: WantedGroupRulesType }),
  field('newCode', 'new_code', 4, 'bool'),
])

export const GroupServiceSetRulesResponseType = messageType<m.GroupServiceSetRulesResponse>('GroupServiceSetRulesResponse', m.createGroupServiceSetRulesResponse, [])

export const GroupServiceSetRoleRequestType = messageType<m.GroupServiceSetRoleRequest>('GroupServiceSetRoleRequest', m.createGroupServiceSetRoleRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('uid', 'uid', 3, 'uint64', { required: true }),
  field('role', 'role', 4, 'enum', { values: GroupRoleValues, required: true, known: true }),
])

export const GroupServiceSetRoleResponseType = messageType<m.GroupServiceSetRoleResponse>('GroupServiceSetRoleResponse', m.createGroupServiceSetRoleResponse, [])

export const GroupServiceMuteRequestType = messageType<m.GroupServiceMuteRequest>('GroupServiceMuteRequest', m.createGroupServiceMuteRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('uid', 'uid', 3, 'uint64', { required: true }),
  field('muted', 'muted', 4, 'bool'),
])

export const GroupServiceMuteResponseType = messageType<m.GroupServiceMuteResponse>('GroupServiceMuteResponse', m.createGroupServiceMuteResponse, [])

export const GroupServiceDissolveRequestType = messageType<m.GroupServiceDissolveRequest>('GroupServiceDissolveRequest', m.createGroupServiceDissolveRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
])

export const GroupServiceDissolveResponseType = messageType<m.GroupServiceDissolveResponse>('GroupServiceDissolveResponse', m.createGroupServiceDissolveResponse, [])

export const GroupServiceGetRequestType = messageType<m.GroupServiceGetRequest>('GroupServiceGetRequest', m.createGroupServiceGetRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
])

export const GroupServiceGetResponseType = messageType<m.GroupServiceGetResponse>('GroupServiceGetResponse', m.createGroupServiceGetResponse, [
  field('title', 'title', 1, 'string'),
  field('announcement', 'announcement', 2, 'string'),
  field('rules', 'rules', 3, 'message', { message: GroupRulesType }),
  field('owner', 'owner', 4, 'uint64'),
  field('members', 'members', 5, 'uint32'),
  field('code', 'code', 6, 'string'),
  field('createdAtMs', 'created_at_ms', 7, 'uint64'),
])

export const GroupServiceMembersRequestType = messageType<m.GroupServiceMembersRequest>('GroupServiceMembersRequest', m.createGroupServiceMembersRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
  field('after', 'after', 2, 'uint64'),
  field('limit', 'limit', 3, 'uint32'),
])

export const GroupMemberType = messageType<m.GroupMember>('GroupMember', m.createGroupMember, [
  field('uid', 'uid', 1, 'uint64'),
  field('role', 'role', 2, 'enum', { values: GroupRoleValues }),
  field('muted', 'muted', 3, 'bool'),
  field('number', 'number', 4, 'uint64'),
  field('asks', 'asks', 5, 'bool'),
  field('account', 'account', 6, 'string'),
  field('nickname', 'nickname', 7, 'string'),
])

export const GroupServiceMembersResponseType = messageType<m.GroupServiceMembersResponse>('GroupServiceMembersResponse', m.createGroupServiceMembersResponse, [
  field('members', 'members', 1, 'message', { message: GroupMemberType, repeated: true }),
  field('next', 'next', 2, 'uint64'),
])

export const GroupServiceEarlierRequestType = messageType<m.GroupServiceEarlierRequest>('GroupServiceEarlierRequest', m.createGroupServiceEarlierRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
  field('before', 'before', 2, 'uint64'),
  field('limit', 'limit', 3, 'uint32'),
])

export const GroupServiceEarlierResponseType = messageType<m.GroupServiceEarlierResponse>('GroupServiceEarlierResponse', m.createGroupServiceEarlierResponse, [
  field('items', 'items', 1, 'message', { message: ItemType, repeated: true }),
  field('next', 'next', 2, 'uint64'),
])

export const MarkReadRequestType = messageType<m.MarkReadRequest>('MarkReadRequest', m.createMarkReadRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('number', 'number', 3, 'uint64', { required: true }),
])

export const MarkReadResponseType = messageType<m.MarkReadResponse>('MarkReadResponse', m.createMarkReadResponse, [])

export const ReadByRequestType = messageType<m.ReadByRequest>('ReadByRequest', m.createReadByRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
  field('number', 'number', 2, 'uint64', { required: true }),
])

export const GroupReaderType = messageType<m.GroupReader>('GroupReader', m.createGroupReader, [
  field('uid', 'uid', 1, 'uint64'),
])

export const ReadByResponseType = messageType<m.ReadByResponse>('ReadByResponse', m.createReadByResponse, [
  field('readers', 'readers', 1, 'message', { message: GroupReaderType, repeated: true }),
])

export const UnreadRequestType = messageType<m.UnreadRequest>('UnreadRequest', m.createUnreadRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
])

export const UnreadResponseType = messageType<m.UnreadResponse>('UnreadResponse', m.createUnreadResponse, [
  field('unread', 'unread', 1, 'uint32'),
  field('mentions', 'mentions', 2, 'uint32'),
  field('firstMention', 'first_mention', 3, 'uint64'),
  field('read', 'read', 4, 'uint64'),
])

export const SetConversationRequestType = messageType<m.SetConversationRequest>('SetConversationRequest', m.createSetConversationRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('settings', 'settings', 3, 'message', { message: ConversationSettingsType, required: true }),
])

export const SetConversationResponseType = messageType<m.SetConversationResponse>('SetConversationResponse', m.createSetConversationResponse, [])

export const SetPreferencesRequestType = messageType<m.SetPreferencesRequest>('SetPreferencesRequest', m.createSetPreferencesRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('preferences', 'preferences', 2, 'message', { message: PreferencesType, required: true }),
])

export const SetPreferencesResponseType = messageType<m.SetPreferencesResponse>('SetPreferencesResponse', m.createSetPreferencesResponse, [])

export const ReactionsRequestType = messageType<m.ReactionsRequest>('ReactionsRequest', m.createReactionsRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
  field('message', 'message', 2, 'message', { message: MessageIdType, required: true }),
  field('kind', 'kind', 3, 'string', { max: 32 }),
  field('after', 'after', 4, 'uint64'),
])

export const ReactorType = messageType<m.Reactor>('Reactor', m.createReactor, [
  field('uid', 'uid', 1, 'uint64'),
  field('reactions', 'reactions', 2, 'message', { message: ReactionType, repeated: true }),
])

export const ReactionsResponseType = messageType<m.ReactionsResponse>('ReactionsResponse', m.createReactionsResponse, [
  field('reactors', 'reactors', 1, 'message', { message: ReactorType, repeated: true }),
  field('next', 'next', 2, 'uint64'),
])

export const ConversationsRequestType = messageType<m.ConversationsRequest>('ConversationsRequest', m.createConversationsRequest, [
  field('after', 'after', 1, 'uint64'),
  field('limit', 'limit', 2, 'uint32'),
])

export const ConversationSummaryType = messageType<m.ConversationSummary>('ConversationSummary', m.createConversationSummary, [
  field('conversation', 'conversation', 1, 'string'),
  field('version', 'version', 2, 'uint64'),
  field('last', 'last', 3, 'message', { message: ItemType }),
  field('cut', 'cut', 4, 'bool'),
  field('senderName', 'sender_name', 5, 'string'),
  field('contact', 'contact', 6, 'message', { message: ContactType }),
  field('group', 'group', 7, 'message', { message: GroupType }),
  field('settings', 'settings', 8, 'message', { message: ConversationSettingsType }),
  field('read', 'read', 9, 'uint64'),
  field('cleared', 'cleared', 10, 'uint64'),
  field('delivered', 'delivered', 11, 'message', { message: WatermarkType, repeated: true }),
  field('readMarks', 'read_marks', 12, 'message', { message: WatermarkType, repeated: true }),
  field('ownRead', 'own_read', 13, 'message', { message: WatermarkType, repeated: true }),
  field('unread', 'unread', 14, 'uint32'),
  field('mentions', 'mentions', 15, 'uint32'),
  field('firstMention', 'first_mention', 16, 'uint64'),
  field('failed', 'failed', 17, 'uint32'),
])

export const ConversationsResponseType = messageType<m.ConversationsResponse>('ConversationsResponse', m.createConversationsResponse, [
  field('conversations', 'conversations', 1, 'message', { message: ConversationSummaryType, repeated: true }),
  field('next', 'next', 2, 'uint64'),
  field('head', 'head', 3, 'uint64'),
])

export const HistoryRequestType = messageType<m.HistoryRequest>('HistoryRequest', m.createHistoryRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
  field('before', 'before', 2, 'uint64'),
  field('after', 'after', 3, 'uint64'),
  field('around', 'around', 4, 'uint64'),
  field('message', 'message', 5, 'message', { message: MessageIdType }),
  field('limit', 'limit', 6, 'uint32'),
])

export const HistoryResponseType = messageType<m.HistoryResponse>('HistoryResponse', m.createHistoryResponse, [
  field('from', 'from', 1, 'uint64'),
  field('items', 'items', 2, 'message', { message: ItemType, repeated: true }),
  field('to', 'to', 3, 'uint64'),
  field('trimmed', 'trimmed', 4, 'bool'),
])

export const WatchedType = messageType<m.Watched>('Watched', m.createWatched, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
])

export const WatchRequestType = messageType<m.WatchRequest>('WatchRequest', m.createWatchRequest, [
  field('conversations', 'conversations', 1, 'message', { message: WatchedType, repeated: true, max: 20 }),
])

export const PresenceType = messageType<m.Presence>('Presence', m.createPresence, [
  field('uid', 'uid', 1, 'uint64'),
  field('online', 'online', 2, 'bool'),
])

export const WatchResponseType = messageType<m.WatchResponse>('WatchResponse', m.createWatchResponse, [
  field('presence', 'presence', 1, 'message', { message: PresenceType, repeated: true }),
  field('off', 'off', 2, 'bool'),
])

export const TypingRequestType = messageType<m.TypingRequest>('TypingRequest', m.createTypingRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
  field('stopped', 'stopped', 2, 'bool'),
])

export const TypingResponseType = messageType<m.TypingResponse>('TypingResponse', m.createTypingResponse, [])

export const TypingType = messageType<m.Typing>('Typing', m.createTyping, [
  field('uid', 'uid', 1, 'uint64'),
  field('stopped', 'stopped', 2, 'bool'),
])

export const RoomDataType = messageType<m.RoomData>('RoomData', m.createRoomData, [
  field('uid', 'uid', 1, 'uint64'),
  field('payload', 'payload', 2, 'bytes'),
])

export const RoomHeadType = messageType<m.RoomHead>('RoomHead', m.createRoomHead, [
  field('number', 'number', 1, 'uint64'),
  field('before', 'before', 2, 'uint64'),
  field('uid', 'uid', 3, 'uint64'),
])

export const SignalNoticeType = messageType<m.SignalNotice>('SignalNotice', m.createSignalNotice, [
  field('conversation', 'conversation', 1, 'string'),
  field('typing', 'typing', 2, 'message', { message: TypingType, oneof: 'signal' }),
  field('presence', 'presence', 3, 'message', { message: PresenceType, oneof: 'signal' }),
  field('data', 'data', 4, 'message', { message: RoomDataType, oneof: 'signal' }),
  field('head', 'head', 5, 'message', { message: RoomHeadType, oneof: 'signal' }),
])

export const WantedRoomRulesType = messageType<m.WantedRoomRules>('WantedRoomRules', m.createWantedRoomRules, [
  field('allPublish', 'all_publish', 1, 'bool'),
  field('codeNeeded', 'code_needed', 2, 'bool'),
])

export const RoomServiceCreateRequestType = messageType<m.RoomServiceCreateRequest>('RoomServiceCreateRequest', m.createRoomServiceCreateRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('title', 'title', 2, 'string', { required: true, max: 128 }),
  field('kind', 'kind', 3, 'enum', { values: RoomKindValues, required: true, known: true }),
  field('rules', 'rules', 4, 'message', { message: WantedRoomRulesType }),
])

export const RoomServiceCreateResponseType = messageType<m.RoomServiceCreateResponse>('RoomServiceCreateResponse', m.createRoomServiceCreateResponse, [
  field('conversation', 'conversation', 1, 'string'),
])

export const RoomServiceSetRequestType = messageType<m.RoomServiceSetRequest>('RoomServiceSetRequest', m.createRoomServiceSetRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('title', 'title', 3, 'string', { required: true, max: 128 }),
  field('rules', 'rules', 4, 'message', { message: WantedRoomRulesType }),
  field('newCode', 'new_code', 5, 'bool'),
])

export const RoomServiceSetResponseType = messageType<m.RoomServiceSetResponse>('RoomServiceSetResponse', m.createRoomServiceSetResponse, [])

export const RoomServiceSetRoleRequestType = messageType<m.RoomServiceSetRoleRequest>('RoomServiceSetRoleRequest', m.createRoomServiceSetRoleRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('uid', 'uid', 3, 'uint64', { required: true }),
  field('role', 'role', 4, 'enum', { values: RoomRoleValues, required: true, known: true }),
])

export const RoomServiceSetRoleResponseType = messageType<m.RoomServiceSetRoleResponse>('RoomServiceSetRoleResponse', m.createRoomServiceSetRoleResponse, [])

export const RoomServiceSubscribeRequestType = messageType<m.RoomServiceSubscribeRequest>('RoomServiceSubscribeRequest', m.createRoomServiceSubscribeRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('code', 'code', 3, 'string', { max: 32 }),
])

export const RoomServiceSubscribeResponseType = messageType<m.RoomServiceSubscribeResponse>('RoomServiceSubscribeResponse', m.createRoomServiceSubscribeResponse, [])

export const RoomServiceUnsubscribeRequestType = messageType<m.RoomServiceUnsubscribeRequest>('RoomServiceUnsubscribeRequest', m.createRoomServiceUnsubscribeRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
])

export const RoomServiceUnsubscribeResponseType = messageType<m.RoomServiceUnsubscribeResponse>('RoomServiceUnsubscribeResponse', m.createRoomServiceUnsubscribeResponse, [])

export const RoomServicePostRequestType = messageType<m.RoomServicePostRequest>('RoomServicePostRequest', m.createRoomServicePostRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('text', 'text', 3, 'string', { required: true }),
  field('content', 'content', 4, 'message', { message: MessageContentType }),
  field('metadata', 'metadata', 5, 'bytes', { max: 1024 }),
])

export const RoomServicePostResponseType = messageType<m.RoomServicePostResponse>('RoomServicePostResponse', m.createRoomServicePostResponse, [])

export const RoomServiceRemoveRequestType = messageType<m.RoomServiceRemoveRequest>('RoomServiceRemoveRequest', m.createRoomServiceRemoveRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('number', 'number', 3, 'uint64', { required: true }),
])

export const RoomServiceRemoveResponseType = messageType<m.RoomServiceRemoveResponse>('RoomServiceRemoveResponse', m.createRoomServiceRemoveResponse, [])

export const RoomServiceCloseRequestType = messageType<m.RoomServiceCloseRequest>('RoomServiceCloseRequest', m.createRoomServiceCloseRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
])

export const RoomServiceCloseResponseType = messageType<m.RoomServiceCloseResponse>('RoomServiceCloseResponse', m.createRoomServiceCloseResponse, [])

export const RoomServiceConfirmRequestType = messageType<m.RoomServiceConfirmRequest>('RoomServiceConfirmRequest', m.createRoomServiceConfirmRequest, [
  field('sendSeq', 'send_seq', 1, 'uint64', { required: true }),
  field('conversation', 'conversation', 2, 'string', { required: true, max: 64 }),
  field('upTo', 'up_to', 3, 'uint64', { required: true }),
])

export const RoomServiceConfirmResponseType = messageType<m.RoomServiceConfirmResponse>('RoomServiceConfirmResponse', m.createRoomServiceConfirmResponse, [])

export const RoomServiceGetRequestType = messageType<m.RoomServiceGetRequest>('RoomServiceGetRequest', m.createRoomServiceGetRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
])

export const RoomPublisherType = messageType<m.RoomPublisher>('RoomPublisher', m.createRoomPublisher, [
  field('uid', 'uid', 1, 'uint64'),
])

export const RoomServiceGetResponseType = messageType<m.RoomServiceGetResponse>('RoomServiceGetResponse', m.createRoomServiceGetResponse, [
  field('title', 'title', 1, 'string'),
  field('kind', 'kind', 2, 'enum', { values: RoomKindValues }),
  field('rules', 'rules', 3, 'message', { message: RoomRulesType }),
  field('owner', 'owner', 4, 'uint64'),
  field('listeners', 'listeners', 5, 'uint32'),
  field('publishers', 'publishers', 6, 'message', { message: RoomPublisherType, repeated: true }),
  field('code', 'code', 7, 'string'),
  field('createdAtMs', 'created_at_ms', 8, 'uint64'),
  field('closed', 'closed', 9, 'bool'),
  field('head', 'head', 10, 'uint64'),
])

export const RoomServicePostsRequestType = messageType<m.RoomServicePostsRequest>('RoomServicePostsRequest', m.createRoomServicePostsRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
  field('before', 'before', 2, 'uint64'),
  field('after', 'after', 3, 'uint64'),
  field('limit', 'limit', 4, 'uint32'),
])

export const RoomServicePostsResponseType = messageType<m.RoomServicePostsResponse>('RoomServicePostsResponse', m.createRoomServicePostsResponse, [
  field('posts', 'posts', 1, 'message', { message: ConversationMessageType, repeated: true }),
  field('more', 'more', 2, 'bool'),
  field('head', 'head', 3, 'uint64'),
])

export const RoomServiceListRequestType = messageType<m.RoomServiceListRequest>('RoomServiceListRequest', m.createRoomServiceListRequest, [
  field('after', 'after', 1, 'string', { max: 64 }),
  field('heads', 'heads', 2, 'bool'),
])

export const RoomSummaryType = messageType<m.RoomSummary>('RoomSummary', m.createRoomSummary, [
  field('conversation', 'conversation', 1, 'string'),
  field('title', 'title', 2, 'string'),
  field('kind', 'kind', 3, 'enum', { values: RoomKindValues }),
  field('role', 'role', 4, 'enum', { values: RoomRoleValues }),
  field('closed', 'closed', 5, 'bool'),
  field('head', 'head', 6, 'uint64'),
  field('confirmed', 'confirmed', 7, 'uint64'),
  field('unconfirmed', 'unconfirmed', 8, 'uint32'),
])

export const RoomServiceListResponseType = messageType<m.RoomServiceListResponse>('RoomServiceListResponse', m.createRoomServiceListResponse, [
  field('rooms', 'rooms', 1, 'message', { message: RoomSummaryType, repeated: true }),
  field('next', 'next', 2, 'string'),
])

export const RoomServicePublishRequestType = messageType<m.RoomServicePublishRequest>('RoomServicePublishRequest', m.createRoomServicePublishRequest, [
  field('conversation', 'conversation', 1, 'string', { required: true, max: 64 }),
  field('payload', 'payload', 2, 'bytes', { required: true, max: 4096 }),
])

export const RoomServicePublishResponseType = messageType<m.RoomServicePublishResponse>('RoomServicePublishResponse', m.createRoomServicePublishResponse, [])

export const RPC_TYPES: ReadonlyMap<string, RpcTypes> = new Map<string, RpcTypes>([
  ['ConnectionService.Hello', { request: HelloRequestType, response: HelloResponseType }],
  ['ConnectionService.Endpoints', { request: EndpointsRequestType, response: EndpointsResponseType }],
  ['MessageService.Send', { request: SendRequestType, response: SendResponseType }],
  ['MessageService.Sync', { request: SyncRequestType, response: SyncResponseType }],
  ['MessageService.Void', { request: VoidRequestType, response: VoidResponseType }],
  ['MessageService.Post', { request: PostRequestType, response: PostResponseType }],
  ['MessageService.Edit', { request: EditRequestType, response: EditResponseType }],
  ['MessageService.Recall', { request: RecallRequestType, response: RecallResponseType }],
  ['MessageService.Forward', { request: ForwardRequestType, response: ForwardResponseType }],
  ['MessageService.Delete', { request: DeleteRequestType, response: DeleteResponseType }],
  ['MessageService.Clear', { request: ClearRequestType, response: ClearResponseType }],
  ['MessageService.React', { request: ReactRequestType, response: ReactResponseType }],
  ['AccountService.Register', { request: RegisterRequestType, response: RegisterResponseType }],
  ['AccountService.Login', { request: LoginRequestType, response: LoginResponseType }],
  ['AccountService.Logout', { request: LogoutRequestType, response: LogoutResponseType }],
  ['AccountService.GetProfile', { request: GetProfileRequestType, response: GetProfileResponseType }],
  ['AccountService.UpdateProfile', { request: UpdateProfileRequestType, response: UpdateProfileResponseType }],
  ['AccountService.ChangePassword', { request: ChangePasswordRequestType, response: ChangePasswordResponseType }],
  ['AccountService.ListDevices', { request: ListDevicesRequestType, response: ListDevicesResponseType }],
  ['AccountService.RemoveDevice', { request: RemoveDeviceRequestType, response: RemoveDeviceResponseType }],
  ['AccountService.DeleteAccount', { request: DeleteAccountRequestType, response: DeleteAccountResponseType }],
  ['ContactService.Request', { request: ContactServiceRequestRequestType, response: ContactServiceRequestResponseType }],
  ['ContactService.Accept', { request: ContactServiceAcceptRequestType, response: ContactServiceAcceptResponseType }],
  ['ContactService.Decline', { request: ContactServiceDeclineRequestType, response: ContactServiceDeclineResponseType }],
  ['ContactService.Cancel', { request: ContactServiceCancelRequestType, response: ContactServiceCancelResponseType }],
  ['ContactService.Remove', { request: ContactServiceRemoveRequestType, response: ContactServiceRemoveResponseType }],
  ['ContactService.Block', { request: ContactServiceBlockRequestType, response: ContactServiceBlockResponseType }],
  ['ContactService.Unblock', { request: ContactServiceUnblockRequestType, response: ContactServiceUnblockResponseType }],
  ['ContactService.List', { request: ContactServiceListRequestType, response: ContactServiceListResponseType }],
  ['GroupService.Create', { request: GroupServiceCreateRequestType, response: GroupServiceCreateResponseType }],
  ['GroupService.Invite', { request: GroupServiceInviteRequestType, response: GroupServiceInviteResponseType }],
  ['GroupService.Accept', { request: GroupServiceAcceptRequestType, response: GroupServiceAcceptResponseType }],
  ['GroupService.Decline', { request: GroupServiceDeclineRequestType, response: GroupServiceDeclineResponseType }],
  ['GroupService.Join', { request: GroupServiceJoinRequestType, response: GroupServiceJoinResponseType }],
  ['GroupService.Approve', { request: GroupServiceApproveRequestType, response: GroupServiceApproveResponseType }],
  ['GroupService.Leave', { request: GroupServiceLeaveRequestType, response: GroupServiceLeaveResponseType }],
  ['GroupService.Remove', { request: GroupServiceRemoveRequestType, response: GroupServiceRemoveResponseType }],
  ['GroupService.Rename', { request: GroupServiceRenameRequestType, response: GroupServiceRenameResponseType }],
  ['GroupService.Announce', { request: GroupServiceAnnounceRequestType, response: GroupServiceAnnounceResponseType }],
  ['GroupService.SetRules', { request: GroupServiceSetRulesRequestType, response: GroupServiceSetRulesResponseType }],
  ['GroupService.SetRole', { request: GroupServiceSetRoleRequestType, response: GroupServiceSetRoleResponseType }],
  ['GroupService.Mute', { request: GroupServiceMuteRequestType, response: GroupServiceMuteResponseType }],
  ['GroupService.Dissolve', { request: GroupServiceDissolveRequestType, response: GroupServiceDissolveResponseType }],
  ['GroupService.Get', { request: GroupServiceGetRequestType, response: GroupServiceGetResponseType }],
  ['GroupService.Members', { request: GroupServiceMembersRequestType, response: GroupServiceMembersResponseType }],
  ['GroupService.Earlier', { request: GroupServiceEarlierRequestType, response: GroupServiceEarlierResponseType }],
  ['ConversationService.MarkRead', { request: MarkReadRequestType, response: MarkReadResponseType }],
  ['ConversationService.ReadBy', { request: ReadByRequestType, response: ReadByResponseType }],
  ['ConversationService.Unread', { request: UnreadRequestType, response: UnreadResponseType }],
  ['ConversationService.SetConversation', { request: SetConversationRequestType, response: SetConversationResponseType }],
  ['ConversationService.SetPreferences', { request: SetPreferencesRequestType, response: SetPreferencesResponseType }],
  ['ConversationService.Reactions', { request: ReactionsRequestType, response: ReactionsResponseType }],
  ['ConversationService.Conversations', { request: ConversationsRequestType, response: ConversationsResponseType }],
  ['ConversationService.History', { request: HistoryRequestType, response: HistoryResponseType }],
  ['SignalService.Watch', { request: WatchRequestType, response: WatchResponseType }],
  ['SignalService.Typing', { request: TypingRequestType, response: TypingResponseType }],
  ['RoomService.Create', { request: RoomServiceCreateRequestType, response: RoomServiceCreateResponseType }],
  ['RoomService.Set', { request: RoomServiceSetRequestType, response: RoomServiceSetResponseType }],
  ['RoomService.SetRole', { request: RoomServiceSetRoleRequestType, response: RoomServiceSetRoleResponseType }],
  ['RoomService.Subscribe', { request: RoomServiceSubscribeRequestType, response: RoomServiceSubscribeResponseType }],
  ['RoomService.Unsubscribe', { request: RoomServiceUnsubscribeRequestType, response: RoomServiceUnsubscribeResponseType }],
  ['RoomService.Post', { request: RoomServicePostRequestType, response: RoomServicePostResponseType }],
  ['RoomService.Remove', { request: RoomServiceRemoveRequestType, response: RoomServiceRemoveResponseType }],
  ['RoomService.Close', { request: RoomServiceCloseRequestType, response: RoomServiceCloseResponseType }],
  ['RoomService.Confirm', { request: RoomServiceConfirmRequestType, response: RoomServiceConfirmResponseType }],
  ['RoomService.Get', { request: RoomServiceGetRequestType, response: RoomServiceGetResponseType }],
  ['RoomService.Posts', { request: RoomServicePostsRequestType, response: RoomServicePostsResponseType }],
  ['RoomService.List', { request: RoomServiceListRequestType, response: RoomServiceListResponseType }],
  ['RoomService.Publish', { request: RoomServicePublishRequestType, response: RoomServicePublishResponseType }],
])

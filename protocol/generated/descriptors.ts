// Generated from protocol/longwire/v1/*.proto by protocol/generate; `npm run generate` writes it again. Do not edit.
//
// Of every message X: XType, its table. RPC_TYPES: the messages of every rpc, by `Service.Rpc`.
import { field, messageType, type RpcTypes } from '../descriptor.js'
import * as m from './messages.js'

const ContactStateValues = ['CONTACT_STATE_UNSPECIFIED', 'CONTACT_STATE_REQUESTED', 'CONTACT_STATE_INVITED', 'CONTACT_STATE_FRIEND'] as const

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
])

export const MessageContentType = messageType<m.MessageContent>('MessageContent', m.createMessageContent, [
  field('kind', 'kind', 1, 'uint32'),
  field('body', 'body', 2, 'bytes'),
])

export const MessageType = messageType<m.Message>('Message', m.createMessage, [
  field('sender', 'sender', 1, 'uint64'),
  field('device', 'device', 2, 'uint32'),
  field('sendSeq', 'send_seq', 3, 'uint64'),
  field('atMs', 'at_ms', 4, 'uint64'),
  field('recipient', 'recipient', 5, 'uint64'),
  field('text', 'text', 6, 'string'),
  field('content', 'content', 7, 'message', { message: MessageContentType }),
])

export const ContactType = messageType<m.Contact>('Contact', m.createContact, [
  field('uid', 'uid', 1, 'uint64'),
  field('state', 'state', 2, 'enum', { values: ContactStateValues }),
  field('request', 'request', 3, 'uint64'),
  field('blocked', 'blocked', 4, 'bool'),
  field('account', 'account', 5, 'string'),
  field('nickname', 'nickname', 6, 'string'),
  field('greeting', 'greeting', 7, 'string'),
])

export const FailedType = messageType<m.Failed>('Failed', m.createFailed, [
  field('device', 'device', 1, 'uint32'),
  field('sendSeq', 'send_seq', 2, 'uint64'),
  field('recipient', 'recipient', 3, 'uint64'),
  field('code', 'code', 4, 'uint32'),
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

export const RPC_TYPES: ReadonlyMap<string, RpcTypes> = new Map<string, RpcTypes>([
  ['ConnectionService.Hello', { request: HelloRequestType, response: HelloResponseType }],
  ['ConnectionService.Endpoints', { request: EndpointsRequestType, response: EndpointsResponseType }],
  ['MessageService.Send', { request: SendRequestType, response: SendResponseType }],
  ['MessageService.Sync', { request: SyncRequestType, response: SyncResponseType }],
  ['MessageService.Void', { request: VoidRequestType, response: VoidResponseType }],
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
])

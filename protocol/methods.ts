// The method table: number ↔ service method ↔ message types. Both sides dispatch through it, on every transport.
// PROTOCOL.md, clause 4; a test holds it against the .proto files and that clause.
import * as m from './generated/messages.js'
import { type Method, notice, type RequestMethod, request } from './method-kinds.js'
import { ROOM_METHODS } from './room-methods.js'

export type { Method, NoticeMethod, RequestMethod } from './method-kinds.js'

export const METHODS = {
  hello: request(
    1,
    'ConnectionService.Hello',
    [m.encodeHelloRequest, m.decodeHelloRequest],
    [m.encodeHelloResponse, m.decodeHelloResponse],
    'nameless',
  ),
  ack: notice(2, 'Ack', 'to-server', [m.encodeAckNotice, m.decodeAckNotice]),
  push: notice(3, 'Push', 'to-client', [m.encodePushNotice, m.decodePushNotice]),
  notify: notice(4, 'Notify', 'to-client', [m.encodeNotifyNotice, m.decodeNotifyNotice]),
  drain: notice(5, 'Drain', 'to-client', [m.encodeDrainNotice, m.decodeDrainNotice]),
  close: notice(6, 'Close', 'to-client', [m.encodeCloseNotice, m.decodeCloseNotice]),
  endpoints: request(
    7,
    'ConnectionService.Endpoints',
    [m.encodeEndpointsRequest, m.decodeEndpointsRequest],
    [m.encodeEndpointsResponse, m.decodeEndpointsResponse],
  ),
  signal: notice(8, 'Signal', 'to-client', [m.encodeSignalNotice, m.decodeSignalNotice]),

  register: request(
    10,
    'AccountService.Register',
    [m.encodeRegisterRequest, m.decodeRegisterRequest],
    [m.encodeRegisterResponse, m.decodeRegisterResponse],
    'nameless',
  ),
  login: request(
    11,
    'AccountService.Login',
    [m.encodeLoginRequest, m.decodeLoginRequest],
    [m.encodeLoginResponse, m.decodeLoginResponse],
    'nameless',
  ),
  logout: request(
    12,
    'AccountService.Logout',
    [m.encodeLogoutRequest, m.decodeLogoutRequest],
    [m.encodeLogoutResponse, m.decodeLogoutResponse],
  ),
  getProfile: request(
    13,
    'AccountService.GetProfile',
    [m.encodeGetProfileRequest, m.decodeGetProfileRequest],
    [m.encodeGetProfileResponse, m.decodeGetProfileResponse],
  ),
  updateProfile: request(
    14,
    'AccountService.UpdateProfile',
    [m.encodeUpdateProfileRequest, m.decodeUpdateProfileRequest],
    [m.encodeUpdateProfileResponse, m.decodeUpdateProfileResponse],
    'mutating',
  ),
  changePassword: request(
    15,
    'AccountService.ChangePassword',
    [m.encodeChangePasswordRequest, m.decodeChangePasswordRequest],
    [m.encodeChangePasswordResponse, m.decodeChangePasswordResponse],
    'mutating',
  ),
  listDevices: request(
    16,
    'AccountService.ListDevices',
    [m.encodeListDevicesRequest, m.decodeListDevicesRequest],
    [m.encodeListDevicesResponse, m.decodeListDevicesResponse],
  ),
  removeDevice: request(
    17,
    'AccountService.RemoveDevice',
    [m.encodeRemoveDeviceRequest, m.decodeRemoveDeviceRequest],
    [m.encodeRemoveDeviceResponse, m.decodeRemoveDeviceResponse],
    'mutating',
  ),
  deleteAccount: request(
    18,
    'AccountService.DeleteAccount',
    [m.encodeDeleteAccountRequest, m.decodeDeleteAccountRequest],
    [m.encodeDeleteAccountResponse, m.decodeDeleteAccountResponse],
    'mutating',
  ),

  contactRequest: request(
    20,
    'ContactService.Request',
    [m.encodeContactServiceRequestRequest, m.decodeContactServiceRequestRequest],
    [m.encodeContactServiceRequestResponse, m.decodeContactServiceRequestResponse],
    'mutating',
  ),
  contactAccept: request(
    21,
    'ContactService.Accept',
    [m.encodeContactServiceAcceptRequest, m.decodeContactServiceAcceptRequest],
    [m.encodeContactServiceAcceptResponse, m.decodeContactServiceAcceptResponse],
    'mutating',
  ),
  contactDecline: request(
    22,
    'ContactService.Decline',
    [m.encodeContactServiceDeclineRequest, m.decodeContactServiceDeclineRequest],
    [m.encodeContactServiceDeclineResponse, m.decodeContactServiceDeclineResponse],
    'mutating',
  ),
  contactCancel: request(
    23,
    'ContactService.Cancel',
    [m.encodeContactServiceCancelRequest, m.decodeContactServiceCancelRequest],
    [m.encodeContactServiceCancelResponse, m.decodeContactServiceCancelResponse],
    'mutating',
  ),
  contactRemove: request(
    24,
    'ContactService.Remove',
    [m.encodeContactServiceRemoveRequest, m.decodeContactServiceRemoveRequest],
    [m.encodeContactServiceRemoveResponse, m.decodeContactServiceRemoveResponse],
    'mutating',
  ),
  contactBlock: request(
    25,
    'ContactService.Block',
    [m.encodeContactServiceBlockRequest, m.decodeContactServiceBlockRequest],
    [m.encodeContactServiceBlockResponse, m.decodeContactServiceBlockResponse],
    'mutating',
  ),
  contactUnblock: request(
    26,
    'ContactService.Unblock',
    [m.encodeContactServiceUnblockRequest, m.decodeContactServiceUnblockRequest],
    [m.encodeContactServiceUnblockResponse, m.decodeContactServiceUnblockResponse],
    'mutating',
  ),
  contactList: request(
    27,
    'ContactService.List',
    [m.encodeContactServiceListRequest, m.decodeContactServiceListRequest],
    [m.encodeContactServiceListResponse, m.decodeContactServiceListResponse],
  ),

  send: request(
    30,
    'MessageService.Send',
    [m.encodeSendRequest, m.decodeSendRequest],
    [m.encodeSendResponse, m.decodeSendResponse],
    'mutating',
  ),
  sync: request(
    31,
    'MessageService.Sync',
    [m.encodeSyncRequest, m.decodeSyncRequest],
    [m.encodeSyncResponse, m.decodeSyncResponse],
  ),
  void: request(
    32,
    'MessageService.Void',
    [m.encodeVoidRequest, m.decodeVoidRequest],
    [m.encodeVoidResponse, m.decodeVoidResponse],
    'mutating',
  ),
  post: request(
    33,
    'MessageService.Post',
    [m.encodePostRequest, m.decodePostRequest],
    [m.encodePostResponse, m.decodePostResponse],
    'mutating',
  ),

  edit: request(
    34,
    'MessageService.Edit',
    [m.encodeEditRequest, m.decodeEditRequest],
    [m.encodeEditResponse, m.decodeEditResponse],
    'mutating',
  ),
  recall: request(
    35,
    'MessageService.Recall',
    [m.encodeRecallRequest, m.decodeRecallRequest],
    [m.encodeRecallResponse, m.decodeRecallResponse],
    'mutating',
  ),
  forward: request(
    36,
    'MessageService.Forward',
    [m.encodeForwardRequest, m.decodeForwardRequest],
    [m.encodeForwardResponse, m.decodeForwardResponse],
    'mutating',
  ),
  delete: request(
    37,
    'MessageService.Delete',
    [m.encodeDeleteRequest, m.decodeDeleteRequest],
    [m.encodeDeleteResponse, m.decodeDeleteResponse],
    'mutating',
  ),
  clear: request(
    38,
    'MessageService.Clear',
    [m.encodeClearRequest, m.decodeClearRequest],
    [m.encodeClearResponse, m.decodeClearResponse],
    'mutating',
  ),
  react: request(
    39,
    'MessageService.React',
    [m.encodeReactRequest, m.decodeReactRequest],
    [m.encodeReactResponse, m.decodeReactResponse],
    'mutating',
  ),
  groupCreate: request(
    40,
    'GroupService.Create',
    [m.encodeGroupServiceCreateRequest, m.decodeGroupServiceCreateRequest],
    [m.encodeGroupServiceCreateResponse, m.decodeGroupServiceCreateResponse],
    'mutating',
  ),
  groupInvite: request(
    41,
    'GroupService.Invite',
    [m.encodeGroupServiceInviteRequest, m.decodeGroupServiceInviteRequest],
    [m.encodeGroupServiceInviteResponse, m.decodeGroupServiceInviteResponse],
    'mutating',
  ),
  groupAccept: request(
    42,
    'GroupService.Accept',
    [m.encodeGroupServiceAcceptRequest, m.decodeGroupServiceAcceptRequest],
    [m.encodeGroupServiceAcceptResponse, m.decodeGroupServiceAcceptResponse],
    'mutating',
  ),
  groupDecline: request(
    43,
    'GroupService.Decline',
    [m.encodeGroupServiceDeclineRequest, m.decodeGroupServiceDeclineRequest],
    [m.encodeGroupServiceDeclineResponse, m.decodeGroupServiceDeclineResponse],
    'mutating',
  ),
  groupJoin: request(
    44,
    'GroupService.Join',
    [m.encodeGroupServiceJoinRequest, m.decodeGroupServiceJoinRequest],
    [m.encodeGroupServiceJoinResponse, m.decodeGroupServiceJoinResponse],
    'mutating',
  ),
  groupApprove: request(
    45,
    'GroupService.Approve',
    [m.encodeGroupServiceApproveRequest, m.decodeGroupServiceApproveRequest],
    [m.encodeGroupServiceApproveResponse, m.decodeGroupServiceApproveResponse],
    'mutating',
  ),
  groupLeave: request(
    46,
    'GroupService.Leave',
    [m.encodeGroupServiceLeaveRequest, m.decodeGroupServiceLeaveRequest],
    [m.encodeGroupServiceLeaveResponse, m.decodeGroupServiceLeaveResponse],
    'mutating',
  ),
  groupRemove: request(
    47,
    'GroupService.Remove',
    [m.encodeGroupServiceRemoveRequest, m.decodeGroupServiceRemoveRequest],
    [m.encodeGroupServiceRemoveResponse, m.decodeGroupServiceRemoveResponse],
    'mutating',
  ),
  groupRename: request(
    48,
    'GroupService.Rename',
    [m.encodeGroupServiceRenameRequest, m.decodeGroupServiceRenameRequest],
    [m.encodeGroupServiceRenameResponse, m.decodeGroupServiceRenameResponse],
    'mutating',
  ),
  groupAnnounce: request(
    49,
    'GroupService.Announce',
    [m.encodeGroupServiceAnnounceRequest, m.decodeGroupServiceAnnounceRequest],
    [m.encodeGroupServiceAnnounceResponse, m.decodeGroupServiceAnnounceResponse],
    'mutating',
  ),
  groupSetRules: request(
    50,
    'GroupService.SetRules',
    [m.encodeGroupServiceSetRulesRequest, m.decodeGroupServiceSetRulesRequest],
    [m.encodeGroupServiceSetRulesResponse, m.decodeGroupServiceSetRulesResponse],
    'mutating',
  ),
  groupSetRole: request(
    51,
    'GroupService.SetRole',
    [m.encodeGroupServiceSetRoleRequest, m.decodeGroupServiceSetRoleRequest],
    [m.encodeGroupServiceSetRoleResponse, m.decodeGroupServiceSetRoleResponse],
    'mutating',
  ),
  groupMute: request(
    52,
    'GroupService.Mute',
    [m.encodeGroupServiceMuteRequest, m.decodeGroupServiceMuteRequest],
    [m.encodeGroupServiceMuteResponse, m.decodeGroupServiceMuteResponse],
    'mutating',
  ),
  groupDissolve: request(
    53,
    'GroupService.Dissolve',
    [m.encodeGroupServiceDissolveRequest, m.decodeGroupServiceDissolveRequest],
    [m.encodeGroupServiceDissolveResponse, m.decodeGroupServiceDissolveResponse],
    'mutating',
  ),
  groupGet: request(
    54,
    'GroupService.Get',
    [m.encodeGroupServiceGetRequest, m.decodeGroupServiceGetRequest],
    [m.encodeGroupServiceGetResponse, m.decodeGroupServiceGetResponse],
  ),
  groupMembers: request(
    55,
    'GroupService.Members',
    [m.encodeGroupServiceMembersRequest, m.decodeGroupServiceMembersRequest],
    [m.encodeGroupServiceMembersResponse, m.decodeGroupServiceMembersResponse],
  ),
  groupEarlier: request(
    56,
    'GroupService.Earlier',
    [m.encodeGroupServiceEarlierRequest, m.decodeGroupServiceEarlierRequest],
    [m.encodeGroupServiceEarlierResponse, m.decodeGroupServiceEarlierResponse],
  ),
  markRead: request(
    60,
    'ConversationService.MarkRead',
    [m.encodeMarkReadRequest, m.decodeMarkReadRequest],
    [m.encodeMarkReadResponse, m.decodeMarkReadResponse],
    'mutating',
  ),
  readBy: request(
    61,
    'ConversationService.ReadBy',
    [m.encodeReadByRequest, m.decodeReadByRequest],
    [m.encodeReadByResponse, m.decodeReadByResponse],
  ),
  unread: request(
    62,
    'ConversationService.Unread',
    [m.encodeUnreadRequest, m.decodeUnreadRequest],
    [m.encodeUnreadResponse, m.decodeUnreadResponse],
  ),
  setConversation: request(
    63,
    'ConversationService.SetConversation',
    [m.encodeSetConversationRequest, m.decodeSetConversationRequest],
    [m.encodeSetConversationResponse, m.decodeSetConversationResponse],
    'mutating',
  ),
  setPreferences: request(
    64,
    'ConversationService.SetPreferences',
    [m.encodeSetPreferencesRequest, m.decodeSetPreferencesRequest],
    [m.encodeSetPreferencesResponse, m.decodeSetPreferencesResponse],
    'mutating',
  ),
  reactions: request(
    65,
    'ConversationService.Reactions',
    [m.encodeReactionsRequest, m.decodeReactionsRequest],
    [m.encodeReactionsResponse, m.decodeReactionsResponse],
  ),
  conversations: request(
    66,
    'ConversationService.Conversations',
    [m.encodeConversationsRequest, m.decodeConversationsRequest],
    [m.encodeConversationsResponse, m.decodeConversationsResponse],
  ),
  history: request(
    67,
    'ConversationService.History',
    [m.encodeHistoryRequest, m.decodeHistoryRequest],
    [m.encodeHistoryResponse, m.decodeHistoryResponse],
  ),
  watch: request(
    70,
    'SignalService.Watch',
    [m.encodeWatchRequest, m.decodeWatchRequest],
    [m.encodeWatchResponse, m.decodeWatchResponse],
  ),
  typing: request(
    71,
    'SignalService.Typing',
    [m.encodeTypingRequest, m.decodeTypingRequest],
    [m.encodeTypingResponse, m.decodeTypingResponse],
  ),
  ...ROOM_METHODS,
} as const

export type MethodName = keyof typeof METHODS

/** The request or response message of a method. */
export type RequestOf<N extends MethodName> = (typeof METHODS)[N] extends RequestMethod<infer Q, infer _A> ? Q : never
export type ResponseOf<N extends MethodName> = (typeof METHODS)[N] extends RequestMethod<infer _Q, infer A> ? A : never

/** The methods whose requests have a number (clause 6). */
export type NumberedName = {
  [N in MethodName]: (typeof METHODS)[N] extends RequestMethod<infer _Q extends { sendSeq: number }, infer _A>
    ? N
    : never
}[MethodName]

const NUMBER_MAX = Math.max(...Object.values(METHODS).map(({ number }) => number))
const byNumber: (Method | undefined)[] = new Array(NUMBER_MAX + 1).fill(undefined)
const names: (MethodName | undefined)[] = new Array(NUMBER_MAX + 1).fill(undefined)
for (const [name, method] of Object.entries(METHODS)) {
  byNumber[method.number] = method
  names[method.number] = name as MethodName
}

/** The method of a number, undefined if this revision has none. */
export function methodByNumber(number: number): Method | undefined {
  return byNumber[number]
}

/** The name of a method, for logs and for tables of handlers; undefined if this revision has none. */
export function methodName(number: number): MethodName | undefined {
  return names[number]
}

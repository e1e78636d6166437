// Generated from protocol/longwire/v1/*.proto by protocol/generate; `npm run generate` writes it again. Do not edit.
//
// identifyX, for every message X with fields marked `identity`: writes those fields and no other, in the order of their
// numbers. IDENTITIES: these functions by `Service.Rpc`; a request that is not there has no such field.
import type * as m from './messages.js'
import { writeString, writeTrue, writeUint32, writeUint64, type Writer } from '../wire-writer.js'

export function identifyMessageId(w: Writer, m: m.MessageId): void {
  if (m.sender !== 0) writeUint64(w, 8, m.sender)
  if (m.device !== 0) writeUint32(w, 16, m.device)
  if (m.sendSeq !== 0) writeUint64(w, 24, m.sendSeq)
  if (m.number !== 0) writeUint64(w, 32, m.number)
}

export function identifyMention(w: Writer, m: m.Mention): void {
  if (m.start !== 0) writeUint32(w, 8, m.start)
  if (m.length !== 0) writeUint32(w, 16, m.length)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
}

export function identifyConversationSettings(w: Writer, m: m.ConversationSettings): void {
  if (m.muted) writeTrue(w, 8)
  if (m.pinned) writeTrue(w, 16)
  if (m.archived) writeTrue(w, 24)
  if (m.unread) writeTrue(w, 32)
}

export function identifyPreferences(w: Writer, m: m.Preferences): void {
  if (m.noReceipts) writeTrue(w, 8)
  if (m.askBeforeGroups) writeTrue(w, 16)
}

export function identifySendRequest(w: Writer, m: m.SendRequest): void {
  if (m.to !== 0) writeUint64(w, 16, m.to)
  if (m.text.length > 0) writeString(w, 26, m.text)
}

export function identifyPostRequest(w: Writer, m: m.PostRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.text.length > 0) writeString(w, 26, m.text)
}

export function identifyEditRequest(w: Writer, m: m.EditRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.message !== undefined) {
    w.uint32(26).fork()
    identifyMessageId(w, m.message)
    w.ldelim()
  }
  if (m.text.length > 0) writeString(w, 34, m.text)
  for (const each of m.mentions) {
    w.uint32(42).fork()
    identifyMention(w, each)
    w.ldelim()
  }
}

export function identifyRecallRequest(w: Writer, m: m.RecallRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.message !== undefined) {
    w.uint32(26).fork()
    identifyMessageId(w, m.message)
    w.ldelim()
  }
}

export function identifyForwardRequest(w: Writer, m: m.ForwardRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.source.length > 0) writeString(w, 26, m.source)
  if (m.message !== undefined) {
    w.uint32(34).fork()
    identifyMessageId(w, m.message)
    w.ldelim()
  }
}

export function identifyDeleteRequest(w: Writer, m: m.DeleteRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  for (const each of m.messages) {
    w.uint32(26).fork()
    identifyMessageId(w, each)
    w.ldelim()
  }
}

export function identifyClearRequest(w: Writer, m: m.ClearRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.upTo !== 0) writeUint64(w, 24, m.upTo)
}

export function identifyReactRequest(w: Writer, m: m.ReactRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.message !== undefined) {
    w.uint32(26).fork()
    identifyMessageId(w, m.message)
    w.ldelim()
  }
  if (m.kind.length > 0) writeString(w, 34, m.kind)
  if (m.off) writeTrue(w, 40)
}

export function identifyUpdateProfileRequest(w: Writer, m: m.UpdateProfileRequest): void {
  if (m.nickname.length > 0) writeString(w, 18, m.nickname)
}

export function identifyRemoveDeviceRequest(w: Writer, m: m.RemoveDeviceRequest): void {
  if (m.device !== 0) writeUint32(w, 16, m.device)
}

export function identifyContactServiceRequestRequest(w: Writer, m: m.ContactServiceRequestRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.greeting.length > 0) writeString(w, 26, m.greeting)
}

export function identifyContactServiceAcceptRequest(w: Writer, m: m.ContactServiceAcceptRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.request !== 0) writeUint64(w, 24, m.request)
}

export function identifyContactServiceDeclineRequest(w: Writer, m: m.ContactServiceDeclineRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.request !== 0) writeUint64(w, 24, m.request)
}

export function identifyContactServiceCancelRequest(w: Writer, m: m.ContactServiceCancelRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.request !== 0) writeUint64(w, 24, m.request)
}

export function identifyContactServiceRemoveRequest(w: Writer, m: m.ContactServiceRemoveRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
}

export function identifyContactServiceBlockRequest(w: Writer, m: m.ContactServiceBlockRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
}

export function identifyContactServiceUnblockRequest(w: Writer, m: m.ContactServiceUnblockRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
}

export function identifyGroupServiceCreateRequest(w: Writer, m: m.GroupServiceCreateRequest): void {
  if (m.title.length > 0) writeString(w, 18, m.title)
  for (const each of m.invitees) {
    w.uint32(26).fork()
    identifyInvitee(w, each)
    w.ldelim()
  }
}

export function identifyInvitee(w: Writer, m: m.Invitee): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
}

export function identifyGroupServiceInviteRequest(w: Writer, m: m.GroupServiceInviteRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  for (const each of m.invitees) {
    w.uint32(26).fork()
    identifyInvitee(w, each)
    w.ldelim()
  }
}

export function identifyGroupServiceAcceptRequest(w: Writer, m: m.GroupServiceAcceptRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.invitation !== 0) writeUint64(w, 24, m.invitation)
}

export function identifyGroupServiceDeclineRequest(w: Writer, m: m.GroupServiceDeclineRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.invitation !== 0) writeUint64(w, 24, m.invitation)
}

export function identifyGroupServiceJoinRequest(w: Writer, m: m.GroupServiceJoinRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.code.length > 0) writeString(w, 26, m.code)
}

export function identifyGroupServiceApproveRequest(w: Writer, m: m.GroupServiceApproveRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.request !== 0) writeUint64(w, 32, m.request)
  if (m.yes) writeTrue(w, 40)
}

export function identifyGroupServiceLeaveRequest(w: Writer, m: m.GroupServiceLeaveRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
}

export function identifyGroupServiceRemoveRequest(w: Writer, m: m.GroupServiceRemoveRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.number !== 0) writeUint64(w, 32, m.number)
}

export function identifyGroupServiceRenameRequest(w: Writer, m: m.GroupServiceRenameRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.title.length > 0) writeString(w, 26, m.title)
}

export function identifyGroupServiceAnnounceRequest(w: Writer, m: m.GroupServiceAnnounceRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.announcement.length > 0) writeString(w, 26, m.announcement)
}

export function identifyGroupServiceSetRulesRequest(w: Writer, m: m.GroupServiceSetRulesRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.rules !== undefined) {
    w.uint32(26).fork()
    identifyWantedGroupRules(w, m.rules)
    w.ldelim()
  }
  if (m.newCode) writeTrue(w, 32)
}

export function identifyWantedGroupRules(w: Writer, m: m.WantedGroupRules): void {
  if (m.join !== 0) writeUint32(w, 8, m.join)
  if (m.adminsInvite) writeTrue(w, 16)
  if (m.adminsWrite) writeTrue(w, 24)
  if (m.history !== 0) writeUint32(w, 32, m.history)
}

export function identifyGroupServiceSetRoleRequest(w: Writer, m: m.GroupServiceSetRoleRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.role !== 0) writeUint32(w, 32, m.role)
}

export function identifyGroupServiceMuteRequest(w: Writer, m: m.GroupServiceMuteRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.muted) writeTrue(w, 32)
}

export function identifyGroupServiceDissolveRequest(w: Writer, m: m.GroupServiceDissolveRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
}

export function identifyMarkReadRequest(w: Writer, m: m.MarkReadRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.number !== 0) writeUint64(w, 24, m.number)
}

export function identifySetConversationRequest(w: Writer, m: m.SetConversationRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.settings !== undefined) {
    w.uint32(26).fork()
    identifyConversationSettings(w, m.settings)
    w.ldelim()
  }
}

export function identifySetPreferencesRequest(w: Writer, m: m.SetPreferencesRequest): void {
  if (m.preferences !== undefined) {
    w.uint32(18).fork()
    identifyPreferences(w, m.preferences)
    w.ldelim()
  }
}

export function identifyRoomServiceCreateRequest(w: Writer, m: m.RoomServiceCreateRequest): void {
  if (m.title.length > 0) writeString(w, 18, m.title)
  if (m.kind !== 0) writeUint32(w, 24, m.kind)
  if (m.rules !== undefined) {
    w.uint32(34).fork()
    identifyWantedRoomRules(w, m.rules)
    w.ldelim()
  }
}

export function identifyWantedRoomRules(w: Writer, m: m.WantedRoomRules): void {
  if (m.allPublish) writeTrue(w, 8)
  if (m.codeNeeded) writeTrue(w, 16)
}

export function identifyRoomServiceSetRequest(w: Writer, m: m.RoomServiceSetRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.title.length > 0) writeString(w, 26, m.title)
  if (m.rules !== undefined) {
    w.uint32(34).fork()
    identifyWantedRoomRules(w, m.rules)
    w.ldelim()
  }
  if (m.newCode) writeTrue(w, 40)
}

export function identifyRoomServiceSetRoleRequest(w: Writer, m: m.RoomServiceSetRoleRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.role !== 0) writeUint32(w, 32, m.role)
}

export function identifyRoomServiceSubscribeRequest(w: Writer, m: m.RoomServiceSubscribeRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.code.length > 0) writeString(w, 26, m.code)
}

export function identifyRoomServiceUnsubscribeRequest(w: Writer, m: m.RoomServiceUnsubscribeRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
}

export function identifyRoomServicePostRequest(w: Writer, m: m.RoomServicePostRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.text.length > 0) writeString(w, 26, m.text)
}

export function identifyRoomServiceRemoveRequest(w: Writer, m: m.RoomServiceRemoveRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.number !== 0) writeUint64(w, 24, m.number)
}

export function identifyRoomServiceCloseRequest(w: Writer, m: m.RoomServiceCloseRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
}

export function identifyRoomServiceConfirmRequest(w: Writer, m: m.RoomServiceConfirmRequest): void {
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.upTo !== 0) writeUint64(w, 24, m.upTo)
}

/** Writes what is the identity of a request. */
export type Identify = (w: Writer, request: unknown) => void

export const IDENTITIES: ReadonlyMap<string, Identify> = new Map<string, Identify>([
  ['MessageService.Send', identifySendRequest as Identify],
  ['MessageService.Post', identifyPostRequest as Identify],
  ['MessageService.Edit', identifyEditRequest as Identify],
  ['MessageService.Recall', identifyRecallRequest as Identify],
  ['MessageService.Forward', identifyForwardRequest as Identify],
  ['MessageService.Delete', identifyDeleteRequest as Identify],
  ['MessageService.Clear', identifyClearRequest as Identify],
  ['MessageService.React', identifyReactRequest as Identify],
  ['AccountService.UpdateProfile', identifyUpdateProfileRequest as Identify],
  ['AccountService.RemoveDevice', identifyRemoveDeviceRequest as Identify],
  ['ContactService.Request', identifyContactServiceRequestRequest as Identify],
  ['ContactService.Accept', identifyContactServiceAcceptRequest as Identify],
  ['ContactService.Decline', identifyContactServiceDeclineRequest as Identify],
  ['ContactService.Cancel', identifyContactServiceCancelRequest as Identify],
  ['ContactService.Remove', identifyContactServiceRemoveRequest as Identify],
  ['ContactService.Block', identifyContactServiceBlockRequest as Identify],
  ['ContactService.Unblock', identifyContactServiceUnblockRequest as Identify],
  ['GroupService.Create', identifyGroupServiceCreateRequest as Identify],
  ['GroupService.Invite', identifyGroupServiceInviteRequest as Identify],
  ['GroupService.Accept', identifyGroupServiceAcceptRequest as Identify],
  ['GroupService.Decline', identifyGroupServiceDeclineRequest as Identify],
  ['GroupService.Join', identifyGroupServiceJoinRequest as Identify],
  ['GroupService.Approve', identifyGroupServiceApproveRequest as Identify],
  ['GroupService.Leave', identifyGroupServiceLeaveRequest as Identify],
  ['GroupService.Remove', identifyGroupServiceRemoveRequest as Identify],
  ['GroupService.Rename', identifyGroupServiceRenameRequest as Identify],
  ['GroupService.Announce', identifyGroupServiceAnnounceRequest as Identify],
  ['GroupService.SetRules', identifyGroupServiceSetRulesRequest as Identify],
  ['GroupService.SetRole', identifyGroupServiceSetRoleRequest as Identify],
  ['GroupService.Mute', identifyGroupServiceMuteRequest as Identify],
  ['GroupService.Dissolve', identifyGroupServiceDissolveRequest as Identify],
  ['ConversationService.MarkRead', identifyMarkReadRequest as Identify],
  ['ConversationService.SetConversation', identifySetConversationRequest as Identify],
  ['ConversationService.SetPreferences', identifySetPreferencesRequest as Identify],
  ['RoomService.Create', identifyRoomServiceCreateRequest as Identify],
  ['RoomService.Set', identifyRoomServiceSetRequest as Identify],
  ['RoomService.SetRole', identifyRoomServiceSetRoleRequest as Identify],
  ['RoomService.Subscribe', identifyRoomServiceSubscribeRequest as Identify],
  ['RoomService.Unsubscribe', identifyRoomServiceUnsubscribeRequest as Identify],
  ['RoomService.Post', identifyRoomServicePostRequest as Identify],
  ['RoomService.Remove', identifyRoomServiceRemoveRequest as Identify],
  ['RoomService.Close', identifyRoomServiceCloseRequest as Identify],
  ['RoomService.Confirm', identifyRoomServiceConfirmRequest as Identify],
])

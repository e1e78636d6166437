// The methods of RoomService, a part of the table of methods.
import * as m from './generated/messages.js'
import { request } from './method-kinds.js'

export const ROOM_METHODS = {
  roomCreate: request(
    80,
    'RoomService.Create',
    [m.encodeRoomServiceCreateRequest, m.decodeRoomServiceCreateRequest],
    [m.encodeRoomServiceCreateResponse, m.decodeRoomServiceCreateResponse],
    'mutating',
  ),
  roomSet: request(
    81,
    'RoomService.Set',
    [m.encodeRoomServiceSetRequest, m.decodeRoomServiceSetRequest],
    [m.encodeRoomServiceSetResponse, m.decodeRoomServiceSetResponse],
    'mutating',
  ),
  roomSetRole: request(
    82,
    'RoomService.SetRole',
    [m.encodeRoomServiceSetRoleRequest, m.decodeRoomServiceSetRoleRequest],
    [m.encodeRoomServiceSetRoleResponse, m.decodeRoomServiceSetRoleResponse],
    'mutating',
  ),
  roomSubscribe: request(
    83,
    'RoomService.Subscribe',
    [m.encodeRoomServiceSubscribeRequest, m.decodeRoomServiceSubscribeRequest],
    [m.encodeRoomServiceSubscribeResponse, m.decodeRoomServiceSubscribeResponse],
    'mutating',
  ),
  roomUnsubscribe: request(
    84,
    'RoomService.Unsubscribe',
    [m.encodeRoomServiceUnsubscribeRequest, m.decodeRoomServiceUnsubscribeRequest],
    [m.encodeRoomServiceUnsubscribeResponse, m.decodeRoomServiceUnsubscribeResponse],
    'mutating',
  ),
  roomPost: request(
    85,
    'RoomService.Post',
    [m.encodeRoomServicePostRequest, m.decodeRoomServicePostRequest],
    [m.encodeRoomServicePostResponse, m.decodeRoomServicePostResponse],
    'mutating',
  ),
  roomRemove: request(
    86,
    'RoomService.Remove',
    [m.encodeRoomServiceRemoveRequest, m.decodeRoomServiceRemoveRequest],
    [m.encodeRoomServiceRemoveResponse, m.decodeRoomServiceRemoveResponse],
    'mutating',
  ),
  roomClose: request(
    87,
    'RoomService.Close',
    [m.encodeRoomServiceCloseRequest, m.decodeRoomServiceCloseRequest],
    [m.encodeRoomServiceCloseResponse, m.decodeRoomServiceCloseResponse],
    'mutating',
  ),
  roomConfirm: request(
    88,
    'RoomService.Confirm',
    [m.encodeRoomServiceConfirmRequest, m.decodeRoomServiceConfirmRequest],
    [m.encodeRoomServiceConfirmResponse, m.decodeRoomServiceConfirmResponse],
    'mutating',
  ),
  roomGet: request(
    89,
    'RoomService.Get',
    [m.encodeRoomServiceGetRequest, m.decodeRoomServiceGetRequest],
    [m.encodeRoomServiceGetResponse, m.decodeRoomServiceGetResponse],
  ),
  roomPosts: request(
    90,
    'RoomService.Posts',
    [m.encodeRoomServicePostsRequest, m.decodeRoomServicePostsRequest],
    [m.encodeRoomServicePostsResponse, m.decodeRoomServicePostsResponse],
  ),
  roomList: request(
    91,
    'RoomService.List',
    [m.encodeRoomServiceListRequest, m.decodeRoomServiceListRequest],
    [m.encodeRoomServiceListResponse, m.decodeRoomServiceListResponse],
  ),
  roomPublish: request(
    92,
    'RoomService.Publish',
    [m.encodeRoomServicePublishRequest, m.decodeRoomServicePublishRequest],
    [m.encodeRoomServicePublishResponse, m.decodeRoomServicePublishResponse],
  ),
} as const

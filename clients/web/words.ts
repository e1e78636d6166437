// Every text of the page in every language, in one table: a text that lacks a language does not compile. Short, calm, active; what happened,
// then what to do. {name} is put in; before | stands the text for one, where a language has such a thing.

export type Language = 'en' | 'zh'

type Words = readonly [en: string, zh: string]

const WORDS = {
  // The frame of the page
  chats: ['Chats', '聊天'],
  all: ['All', '全部'],
  unreadTab: ['Unread', '未读'],
  groupsTab: ['Groups', '群聊'],
  archivedTab: ['Archived', '已归档'],
  filter: ['Filter', '筛选'],
  search: ['Search', '搜索'],
  newChat: ['New chat', '发起聊天'],
  settings: ['Settings', '设置'],
  details: ['Details', '详情'],
  back: ['Back', '返回'],
  close: ['Close', '关闭'],
  more: ['More', '更多'],
  cancel: ['Cancel', '取消'],
  save: ['Save', '保存'],
  you: ['You', '你'],
  youBehind: ['{name} (you)', '{name}（我）'],
  unknownPerson: ['Somebody', '某人'],
  tryAgain: ['Try again', '重试'],
  loading: ['Loading', '正在加载'],

  // The list
  contactRequests: ['Contact requests', '联系人请求'],
  nUnread: ['{n} unread', '{n} 条未读'],
  mentionedYou: ['You were mentioned', '有人提到你'],
  markedUnread: ['Marked unread', '标为未读'],
  muted: ['Muted', '已静音'],
  pinned: ['Pinned', '已置顶'],
  draft: ['Draft:', '草稿：'],
  notSentRow: ['Not sent:', '未发送：'],
  noMessages: ['No messages yet', '还没有消息'],
  noChats: ['No chats yet', '还没有聊天'],
  noChatsHow: ['Find a friend by account name and say hello.', '用账号名找到朋友，打个招呼。'],
  noUnread: ['Nothing unread', '没有未读消息'],
  noUnreadHow: ['You have read everything.', '你已全部读完。'],
  noGroups: ['No groups yet', '还没有群聊'],
  noGroupsHow: ['Make one for the people you write to.', '和常联系的人建一个群。'],
  noArchived: ['Nothing archived', '没有已归档的聊天'],
  noArchivedHow: ['Chats that you put away are here.', '你收起的聊天会在这里。'],
  yesterday: ['Yesterday', '昨天'],
  today: ['Today', '今天'],

  // The open chat
  pickChat: ['Pick a chat', '选择一个聊天'],
  pickChatHow: ['Or start one: Ctrl K finds people and chats.', '或用 Ctrl K 查找联系人和聊天。'],
  nMembers: ['{n} member|{n} members', '{n} 位成员'],
  nNew: ['{n} new message|{n} new messages', '{n} 条新消息'],
  jumpToLatest: ['Jump to latest', '回到最新'],
  jumpToLatestN: ['Jump to latest, {n} new', '回到最新，{n} 条新消息'],
  chatFailed: ['Could not load this chat', '无法加载此聊天'],
  chatFailedHow: [
    'The messages on this device could not be read. Nothing is lost.',
    '无法读取此设备上的消息。没有丢失任何内容。',
  ],
  chatEmpty: ['No messages yet', '还没有消息'],
  chatEmptyHow: ['Say hello.', '打个招呼吧。'],
  olderFailed: ['Could not load older messages.', '无法加载更早的消息。'],
  edited: ['edited', '已编辑'],
  forwarded: ['Forwarded', '转发'],
  youRecalled: ['You recalled a message', '你撤回了一条消息'],
  types: ['typing', '正在输入'],
  someoneTypes: ['{name} is typing', '{name} 正在输入'],
  nType: ['{n} people are typing', '{n} 人正在输入'],
  online: ['Online', '在线'],
  someoneRecalled: ['{name} recalled a message', '{name} 撤回了一条消息'],
  recalledQuote: ['Message recalled', '消息已撤回'],
  quoteGone: ['Message is not on this device', '此设备上没有这条消息'],
  withheld: ['This message was edited after you left.', '这条消息在你离开后被编辑过。'],
  unknownContent: ['This version cannot show this message.', '当前版本无法显示此消息。'],
  contactCard: ['Contact card', '名片'],
  location: ['Location', '位置'],
  queued: ['Queued', '等待发送'],
  sending: ['Sending', '发送中'],
  sent: ['Sent', '已发送'],
  delivered: ['Delivered', '已送达'],
  read: ['Read', '已读'],
  notSent: ['Not sent', '未发送'],
  retry: ['Retry', '重试'],
  delete: ['Delete', '删除'],
  messageSaid: ['{name}, {text}, {time}', '{name}，{text}，{time}'],
  messageSaidMark: ['{name}, {text}, {time}, {mark}', '{name}，{text}，{time}，{mark}'],

  // What one does with a message
  messageActions: ['Message actions', '消息操作'],
  react: ['React', '回应'],
  reply: ['Reply', '回复'],
  edit: ['Edit', '编辑'],
  copyText: ['Copy text', '复制文字'],
  copied: ['Copied', '已复制'],
  forward: ['Forward', '转发'],
  forwardTo: ['Forward to', '转发到'],
  forwardedTo: ['Forwarded to {name}', '已转发给 {name}'],
  readBy: ['Read by', '已读成员'],
  readByNobody: ['Nobody has read it yet', '还没有人读过'],
  recallForAll: ['Recall for all', '撤回'],
  deleteForMe: ['Delete for me', '仅为我删除'],
  recallThis: ['Recall this message?', '撤回这条消息？'],
  recallThisHow: ['It disappears for everyone, also on their devices.', '所有人的设备上都不再显示它。'],
  recall: ['Recall', '撤回'],
  deleteThis: ['Delete this message for you?', '为你删除这条消息？'],
  deleteThisHow: ['It goes from all your devices. Others keep it.', '它会从你的所有设备上消失，其他人仍可看到。'],

  // The composer
  message: ['Message', '输入消息'],
  send: ['Send', '发送'],
  emoji: ['Emoji', '表情'],
  editMessage: ['Edit message', '编辑消息'],
  mention: ['Mention', '提到'],
  everybody: ['all', '所有人'],
  adminsOnly: ['Only admins can write here.', '只有管理员可以发言。'],

  // The connection
  connected: ['Connected · {transport}', '已连接 · {transport}'],
  connecting: ['Connecting', '正在连接'],
  reconnecting: ['Reconnecting', '正在重连'],
  reconnectingBy: ['Reconnecting · {transport} · try {n}', '正在重连 · {transport} · 第 {n} 次'],
  overTransport: ['over {transport}', '通过 {transport}'],
  offline: ['Offline.', '已离线。'],
  offlineNext: ['Offline · next try in {n} s', '已离线 · {n} 秒后重试'],
  nWait: ['{n} message waits.|{n} messages wait.', '{n} 条消息等待发送。'],
  nextTry: ['Next try in {n} s.', '{n} 秒后重试。'],
  tryNow: ['Try now', '立即重试'],
  stoppedElsewhere: [
    'Stopped: this device is connected from elsewhere. Reload the page.',
    '已停止：此设备已在别处连接。请重新加载页面。',
  ],
  elsewhere: ['Open in another tab.', '已在另一个标签页打开。'],
  elsewhereHow: ['Longwire runs in one tab at a time.', 'Longwire 一次只在一个标签页中运行。'],
  useHere: ['Use here', '在此使用'],
  failed: ['This browser does not let Longwire store messages', '浏览器不允许 Longwire 存储消息'],
  failedHow: [
    'A private window may refuse it, or the disk may be full. Nothing that was sent is lost.',
    '可能是隐私窗口或磁盘已满。已发送的内容不会丢失。',
  ],
  notStored: [
    'This browser stores nothing here. What waits to be sent is lost when you close the page.',
    '此浏览器不存储任何内容，关闭页面后，等待发送的消息会丢失。',
  ],
  withoutStoring: ['Go on without storing', '不存储并继续'],
  failedUnsent: [
    '{n} message was not stored. It is in the box of its chat again.|{n} messages were not stored. They are in the boxes of their chats again.',
    '{n} 条消息未能存储，已放回各聊天的输入框。',
  ],
  newVersion: ['A new version is here.', '有新版本。'],
  reload: ['Reload', '重新加载'],

  // Sign in
  signIn: ['Sign in', '登录'],
  signingIn: ['Signing in', '正在登录'],
  createAccount: ['Create account', '创建账号'],
  newHere: ['New here?', '没有账号？'],
  createAnAccount: ['Create an account', '创建账号'],
  haveAccount: ['You have an account?', '已有账号？'],
  accountName: ['Account name', '账号'],
  accountHint: ['Letters and digits. Friends find you by it.', '字母和数字，朋友用它找到你。'],
  shownName: ['Shown name', '显示名称'],
  shownNameHint: ['You can change it at any time.', '可随时更改。'],
  password: ['Password', '密码'],
  passwordHint: ['At least 8 characters.', '至少 8 个字符。'],
  showPassword: ['Show password', '显示密码'],
  hidePassword: ['Hide password', '隐藏密码'],
  sessionOver: [
    'You were signed out. Sign in again: what you wrote waits.',
    '你已退出登录。重新登录后，未发送的内容会继续发送。',
  ],
  fillIn: ['Fill this in.', '请填写此项。'],

  // Contacts
  findByAccount: ['Account name of a friend', '朋友的账号'],
  findByAccountHint: ['The whole name, as they signed up with it.', '对方注册时使用的完整账号。'],
  find: ['Find', '查找'],
  contacts: ['Contacts', '联系人'],
  noContacts: ['No contacts yet.', '还没有联系人。'],
  addContact: ['Add contact', '添加联系人'],
  requestSent: ['Request sent to {name}', '已向 {name} 发送请求'],
  requestWaits: ['Waits for an answer', '等待对方回应'],
  takeBack: ['Take back', '撤回请求'],
  greeting: ['A few words with it', '附言'],
  greetingHint: ['They see it before they answer.', '对方在回应前会看到。'],
  accept: ['Accept', '接受'],
  decline: ['Decline', '拒绝'],
  block: ['Block', '屏蔽'],
  unblock: ['Unblock', '取消屏蔽'],
  blockThis: ['Block {name}?', '屏蔽 {name}？'],
  blockThisHow: [
    'Nothing from them arrives any more. They are not told.',
    '你将不再收到对方的任何内容，对方不会收到通知。',
  ],
  removeContact: ['Remove contact', '删除联系人'],
  removeThis: ['Remove {name} from your contacts?', '将 {name} 从联系人中删除？'],
  removeThisHow: ['Neither can write to the other until one asks again.', '在一方重新申请之前，双方都不能发消息。'],
  strangerAsks: [
    '{name} is not a contact. They see no receipts until you answer.',
    '{name} 不是你的联系人。在你回复前，对方看不到已读回执。',
  ],
  wantsContact: ['wants to be your contact', '想添加你为联系人'],
  invitesYou: ['{name} invites you to this group', '{name} 邀请你加入群聊'],
  noRequests: ['No requests', '没有请求'],
  noRequestsHow: ['Who wants to write to you asks here first.', '想给你发消息的人会先在这里申请。'],
  writeTo: ['Write', '发消息'],
  person: ['Person', '个人'],

  // Groups
  newGroup: ['New group', '新建群聊'],
  groupName: ['Group name', '群名称'],
  groupNameHint: ['At most 64 characters.', '最多 64 个字符。'],
  whoIsIn: ['Who is in it?', '邀请谁？'],
  createGroup: ['Create group', '创建群聊'],
  joinByCode: ['Join a group by its code', '用邀请码加入群聊'],
  groupCode: ['Invite code', '邀请码'],
  groupCodeHint: ['As a member gave it to you.', '群成员给你的邀请码。'],
  join: ['Join', '加入'],
  joinAsked: ['Asked to join', '已申请加入'],
  group: ['Group', '群聊'],
  groupOf: ['Group · {members}', '群聊 · {members}'],
  members: ['Members', '成员'],
  showAllMembers: ['Show all members', '查看全部成员'],
  membersFailed: ['Members are known with a connection.', '连接后可查看成员。'],
  announcement: ['Announcement', '群公告'],
  announce: ['Set announcement', '设置群公告'],
  rename: ['Rename', '重命名'],
  invite: ['Invite', '邀请'],
  invited: ['invited', '已邀请'],
  asks: ['asks to join', '申请加入'],
  owner: ['owner', '群主'],
  admin: ['admin', '管理员'],
  mutedMember: ['muted', '已禁言'],
  makeAdmin: ['Make admin', '设为管理员'],
  makeMember: ['Take admin away', '取消管理员'],
  handOver: ['Hand the group over', '转让群主'],
  handOverThis: ['Hand the group over to {name}?', '将群聊转让给 {name}？'],
  handOverHow: [
    'You are an admin from then on. Only the new owner can undo it.',
    '之后你将成为管理员，只有新群主可以撤销。',
  ],
  muteMember: ['Forbid to write', '禁言'],
  unmuteMember: ['Allow to write', '取消禁言'],
  removeMember: ['Remove from group', '移出群聊'],
  removeMemberThis: ['Remove {name} from the group?', '将 {name} 移出群聊？'],
  removeMemberHow: ['They see nothing that is written from now on.', '对方将看不到之后的消息。'],
  leaveGroup: ['Leave group', '退出群聊'],
  leaveThis: ['Leave {name}?', '退出 {name}？'],
  leaveThisHow: [
    'You see nothing new from it. To come back, somebody must invite you.',
    '你将不再收到新消息，需要有人邀请才能回来。',
  ],
  leave: ['Leave', '退出'],
  dissolveGroup: ['End group for all', '解散群聊'],
  dissolveThis: ['End {name} for all?', '解散 {name}？'],
  dissolveThisHow: ['Nobody can write in it any more.', '所有人都不能再发言。'],
  dissolve: ['End group', '解散'],
  copyCode: ['Copy code', '复制邀请码'],
  whoJoins: ['Who can join', '加入方式'],
  joinClosed: ['Invited', '仅邀请'],
  joinCode: ['Code', '邀请码'],
  joinApproval: ['Approval', '需审批'],
  onlyAdminsWrite: ['Only admins write', '仅管理员发言'],
  onlyAdminsInvite: ['Only admins invite', '仅管理员邀请'],

  // Details of a chat
  mute: ['Mute', '静音'],
  unmute: ['Unmute', '取消静音'],
  pin: ['Pin', '置顶'],
  unpin: ['Unpin', '取消置顶'],
  archive: ['Archive', '归档'],
  unarchive: ['Unarchive', '取消归档'],
  archivedNews: ['Chat archived', '聊天已归档'],
  undo: ['Undo', '撤销'],
  markUnread: ['Mark unread', '标为未读'],
  clearChat: ['Delete all messages for me', '为我删除全部消息'],
  clearThis: ['Delete all messages of this chat?', '删除此聊天的全部消息？'],
  clearThisHow: ['They go from all your devices. Others keep them.', '它们会从你的所有设备上消失，其他人仍可看到。'],
  account: ['Account', '账号'],

  // Settings
  appearance: ['Appearance', '外观'],
  theme: ['Theme', '主题'],
  system: ['System', '系统'],
  light: ['Light', '浅色'],
  dark: ['Dark', '深色'],
  language: ['Language', '语言'],
  notifications: ['Notifications', '通知'],
  onThisDevice: ['On this device', '在此设备上'],
  noneForMuted: ['None for muted chats', '静音的聊天不通知'],
  notificationsDenied: [
    'This browser forbids them. Allow them in its settings.',
    '浏览器已禁止，请在浏览器设置中允许。',
  ],
  notificationsMissing: ['This browser has none here.', '此浏览器不支持。'],
  privacy: ['Privacy', '隐私'],
  readReceipts: ['Read receipts', '已读回执'],
  readReceiptsHow: ['Off hides theirs, too', '关闭后也看不到对方的'],
  showOnline: ['Show when I am online', '显示我的在线状态'],
  showOnlineHow: ['Off hides it of others, too', '关闭后也看不到别人的'],
  friendsOnly: ['Only friends may write to me', '仅好友可给我发消息'],
  addAtOnce: ['Friends add me to groups at once', '朋友可直接拉我进群'],
  connection: ['Connection', '连接'],
  automatic: ['Automatic', '自动'],
  devices: ['Devices', '设备'],
  thisDevice: ['This device', '此设备'],
  lastSeen: ['Last seen {date}', '最近活跃 {date}'],
  unnamedDevice: ['Device {n}', '设备 {n}'],
  devicesFailed: ['Devices are known with a connection.', '连接后可查看设备。'],
  changePassword: ['Change password', '修改密码'],
  oldPassword: ['Password until now', '当前密码'],
  newPassword: ['New password', '新密码'],
  passwordChanged: ['Password changed. Your other devices are signed out.', '密码已修改，其他设备已退出登录。'],
  wrongPassword: ['Wrong password.', '密码不正确。'],
  deleteAccount: ['Delete account', '注销账号'],
  deleteAccountThis: ['Delete your account?', '注销你的账号？'],
  deleteAccountHow: [
    'This cannot be undone. Friends and groups lose you, your devices are signed out, and nobody can take the name again.',
    '此操作无法撤销。你将从好友和群聊中消失，所有设备退出登录，该账号不能再被注册。',
  ],
  signOut: ['Sign out', '退出登录'],
  signOutHere: ['Sign out of this device', '退出此设备'],
  signOutThis: ['Sign out of this device?', '退出此设备？'],
  signOutThisHow: [
    'Messages and drafts go from this device. What was sent stays on the server.',
    '消息和草稿会从此设备删除，已发送的内容保留在服务器上。',
  ],
  signOutWaiting: [
    '{n} message was not sent and is lost.|{n} messages were not sent and are lost.',
    '{n} 条消息尚未发送，将会丢失。',
  ],
  nameSaved: ['Name saved', '名称已保存'],

  // Find
  findAnything: ['Find people, groups and chats', '查找联系人、群聊和聊天'],
  results: ['Results', '结果'],
  nothingFound: ['Nothing found for “{text}”.', '没有找到“{text}”。'],

  // What has happened in a group
  groupCreated: ['{by} created the group', '{by} 创建了群聊'],
  groupJoined: ['{by} joined', '{by} 加入了群聊'],
  groupAdded: ['{by} added {who}', '{by} 邀请 {who} 加入了群聊'],
  groupLeft: ['{by} left the group', '{by} 退出了群聊'],
  groupRemoved: ['{by} removed {who}', '{by} 将 {who} 移出了群聊'],
  groupRenamed: ['{by} named the group “{text}”', '{by} 将群名改为“{text}”'],
  groupAnnounced: ['{by} set the announcement: {text}', '{by} 设置了群公告：{text}'],
  groupRulesSet: ['{by} changed the rules', '{by} 更改了群规则'],
  groupMadeAdmin: ['{by} made {who} an admin', '{by} 将 {who} 设为管理员'],
  groupMadeMember: ['{by} made {who} a member', '{by} 取消了 {who} 的管理员'],
  groupHandedOver: ['{by} handed the group over to {who}', '{by} 将群聊转让给 {who}'],
  groupMuted: ['{by} muted {who}', '{by} 将 {who} 禁言'],
  groupUnmuted: ['{by} let {who} write again', '{by} 允许 {who} 发言'],
  groupDissolved: ['{by} ended the group', '{by} 解散了群聊'],
  groupUnknown: ['Something has changed in the group', '群聊有变动'],

  // What went wrong
  actRefused: ['That did not happen. {why}', '操作未成功。{why}'],
  notFriend: ['You are no longer friends.', '你们已不是好友。'],
  friendsAlone: ['Only friends can write here.', '只有好友才能发消息。'],
  strangerLimit: [
    'You wrote to 20 new people within a day. Try again tomorrow.',
    '一天内最多联系 20 位新朋友，请明天再试。',
  ],
  deviceGone: ['This device is signed out already.', '此设备已退出登录。'],
  isBlocked: ['One of you has blocked the other.', '其中一方已屏蔽对方。'],
  unknownUser: ['Nobody has this account name.', '没有这个账号。'],
  nameTaken: ['This name is taken.', '此账号已被使用。'],
  nameInvalid: ['Use letters, digits, dots, dashes and underscores.', '请使用字母、数字、点、短横线和下划线。'],
  wrongCredentials: ['Wrong name or password.', '账号或密码不正确。'],
  passwordWeak: ['At least 8 characters.', '至少 8 个字符。'],
  passwordLimit: ['Too many wrong passwords. Try again later.', '密码错误次数过多，请稍后再试。'],
  thatIsYou: ['That is you.', '这是你自己。'],
  alreadyFriends: ['You are friends already.', '你们已经是好友。'],
  requestGone: ['The request is gone.', '请求已失效。'],
  contactLimit: ['One of you has as many contacts as are allowed.', '其中一方的联系人已达上限。'],
  recipientLimit: ['Too many messages to one person. Wait a moment.', '给同一人发送的消息过多，请稍等。'],
  requestLimit: ['Too much at once. Wait a moment.', '操作过于频繁，请稍等。'],
  noSuchBoard: ['There is no such board.', '没有这个公告板。'],
  notListener: ['You do not follow this board.', '你没有关注此公告板。'],
  notPublisher: ['Only publishers can do that.', '只有发布者可以这样做。'],
  boardFull: ['The board is full.', '公告板人数已满。'],
  boardLimit: ['You follow as many boards as are allowed.', '你关注的公告板已达上限。'],
  boardClosed: ['The board has ended.', '公告板已关闭。'],
  noSuchGroup: ['There is no such group.', '没有这个群聊。'],
  notMember: ['You are not in this group.', '你不在此群聊中。'],
  notAdmin: ['Only admins can do that.', '只有管理员可以这样做。'],
  alreadyMember: ['They are in it already, or were asked.', '对方已在群中或已被邀请。'],
  groupFull: ['The group is full.', '群聊已满员。'],
  groupLimit: ['You are in as many groups as are allowed.', '你加入的群聊已达上限。'],
  youAreMuted: ['You may not write in this group.', '你已被禁言。'],
  wrongCode: ['Nobody joins by this code.', '邀请码无效。'],
  noSuchMessage: ['The message is gone.', '消息已不存在。'],
  notAuthor: ['Only the author can do that.', '只有作者可以这样做。'],
  tooLate: ['It is too late for that.', '已超过时限。'],
  wasRecalled: ['The message was recalled.', '消息已被撤回。'],
  pinLimit: ['At most 20 chats are pinned.', '最多置顶 20 个聊天。'],
  reactionLimit: ['At most three reactions each.', '每人最多三个回应。'],
  textTooLong: ['The text is too long.', '文字过长。'],
  nobodyKnows: ['Nobody knows whether it arrived.', '无法确定是否送达。'],
  serverFull: ['The server has no space left.', '服务器空间已满。'],
  serverBusy: ['The server is busy. Try again in a moment.', '服务器繁忙，请稍后再试。'],
  serverFailed: ['The server could not do it.', '服务器无法完成此操作。'],
  noAnswer: ['The server did not answer. Try again.', '服务器没有响应，请重试。'],
  queueFull: ['Too many messages wait already.', '等待发送的消息过多。'],
  storageFailed: ['This browser could not store it.', '浏览器无法存储。'],
  notAllowed: ['That is not allowed here.', '此处不允许这样做。'],
  pageTooOld: ['This page is too old for the server. Reload it.', '页面版本过旧，请重新加载。'],
  otherFault: ['Something went wrong ({reason}). Try again.', '出错了（{reason}），请重试。'],
} as const satisfies Record<string, Words>

export type WordKey = keyof typeof WORDS

/** The names that stand in braces in the English text; the Chinese one has the same (a test sees to it). */
type NamesIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never

type Names<K extends WordKey> = NamesIn<(typeof WORDS)[K][0]>

type Value = string | number | Said

/** The keys of texts that stand as they are. */
export type PlainKey = { [K in WordKey]: [Names<K>] extends [never] ? K : never }[WordKey]

/** What a text needs: nothing, or a value for each of its names. */
type Values<K extends WordKey> = [Names<K>] extends [never] ? [] : [values: Readonly<Record<Names<K>, Value>>]

/** A text that is chosen, and not yet in a language. */
export interface Said {
  readonly key: WordKey
  readonly values: Readonly<Record<string, Value>>
}

export function said<K extends WordKey>(key: K, ...given: Values<K>): Said {
  const [values = {}] = given as readonly [values?: Said['values']]
  return { key, values }
}

/** Says a text in a language. */
export class Speech {
  readonly language: Language
  /** The tag for lang= and for dates. */
  readonly tag: 'en' | 'zh-CN'

  constructor(language: Language) {
    this.language = language
    this.tag = language === 'zh' ? 'zh-CN' : 'en'
  }

  say<K extends WordKey>(key: K, ...values: Values<K>): string {
    return this.text(said(key, ...values))
  }

  text({ key, values }: Said): string {
    return this.#template(key, values).replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name] ?? ''
      return typeof value === 'object' ? this.text(value) : String(value)
    })
  }

  /** The text in parts: plain ones, and the names that something is to be put in for. */
  parts(key: WordKey): readonly (string | { readonly name: string })[] {
    const pieces = this.#template(key, {}).split(/\{(\w+)\}/)
    return pieces.map((piece, i) => (i % 2 === 0 ? piece : { name: piece }))
  }

  #template(key: WordKey, values: Readonly<Record<string, Value>>): string {
    const [en, zh] = WORDS[key]
    if (this.language === 'zh') return zh
    const [one = en, many = one] = en.split('|')
    return values.n === 1 ? one : many
  }
}

/** The table, for the test that looks at it. */
export const ALL_WORDS: Readonly<Record<string, Words>> = WORDS

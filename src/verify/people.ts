/** Names and users, devices, sessions and windows. */

import { partitionOf } from '../store/partition.js'
import { PARTITIONS } from '../store/types.js'
import type { StoreView } from '../store/view.js'
import { deviceWindow } from '../sync/rules/device-window.js'
import {
  accountName,
  accountsActor,
  DEVICES_MAX,
  type DeviceEntry,
  devices,
  password,
  profile,
  uidCounter,
  userActor,
} from '../sync/rules/records.js'
import { session } from '../sync/rules/session-record.js'
import type { Findings, NamedRecord } from './findings.js'
import { numberOf, recordOf } from './reader.js'

/** Uids that were given out are 256·n + partition, n from 1; below are users of the store itself (sync/rules/canary.ts). */
const UID_MIN = PARTITIONS

export class PeopleCheck {
  readonly #view: StoreView
  readonly #findings: Findings

  constructor(view: StoreView, findings: Findings) {
    this.#view = view
    this.#findings = findings
  }

  record(record: NamedRecord): void {
    if (record.prefix === accountName.prefix && record.uid === 0) this.#name(record)
    if (record.uid < UID_MIN) return
    if (record.prefix === profile.prefix) this.#profile(record)
    else if (record.prefix === devices.prefix) this.#devices(record)
    else if (record.prefix === session.prefix) this.#session(record)
    else if (record.prefix === deviceWindow.prefix) this.#window(record)
    else if (record.prefix === password.prefix) this.#password(record)
  }

  #name({ actor, id, bytes }: NamedRecord): void {
    this.#findings.counts.names += 1
    const { uid } = accountName.decode(bytes)
    const partition = partitionOf(`account/${id}`)
    if (partition !== numberOf(actor))
      this.#findings.fault(`the name ${id} is in ${actor}, not in partition ${partition}`)
    if (uid % PARTITIONS !== partition)
      this.#findings.fault(`the name ${id} is of user ${uid}, who is of another partition`)
    const counter = recordOf(this.#view, actor, uidCounter)
    if (counter === undefined || uid > PARTITIONS * counter.n + partition) {
      this.#findings.fault(`the name ${id} is of user ${uid}, above what ${actor} has given out`)
    }
    const known = recordOf(this.#view, userActor(uid), profile)
    if (known === undefined) this.#findings.fault(`the name ${id} is of user ${uid}, who is not there`)
    else if (!known.deleted && known.account !== id) {
      this.#findings.fault(`the name ${id} is of user ${uid}, who is called ${known.account}`)
    }
  }

  #profile({ uid, bytes }: NamedRecord): void {
    const { account, deleted } = profile.decode(bytes)
    if (deleted) {
      this.#findings.counts.deletedUsers += 1
      return
    }
    this.#findings.counts.users += 1
    const named = recordOf(this.#view, accountsActor(uid), accountName, account)
    if (named?.uid !== uid) this.#findings.fault(`user ${uid} is called ${account}, a name that is not of this user`)
    if (recordOf(this.#view, userActor(uid), password) === undefined)
      this.#findings.fault(`user ${uid} has no password`)
    if (recordOf(this.#view, userActor(uid), devices) === undefined) this.#findings.fault(`user ${uid} has no devices`)
  }

  #password({ uid }: NamedRecord): void {
    const known = recordOf(this.#view, userActor(uid), profile)
    if (known === undefined || known.deleted) this.#findings.fault(`user ${uid} is not there, and has a password`)
  }

  #devices({ uid, bytes }: NamedRecord): void {
    const { last, list } = devices.decode(bytes)
    const numbers = new Set(list.map(entry => entry.device))
    const keys = new Set(list.map(entry => entry.installationKey))
    const live = list.filter(isLive)
    this.#findings.counts.devices += live.length
    if (numbers.size !== list.length || keys.size !== list.length) {
      this.#findings.fault(`user ${uid} has a device or an installation key twice`)
    }
    if (list.some(({ device }) => device < 1 || device > last)) {
      this.#findings.fault(`user ${uid} has a device above ${last}, the last number given out`)
    }
    if (live.length > DEVICES_MAX) this.#findings.fault(`user ${uid} has ${live.length} devices`)
    for (const { device } of live) {
      const its = recordOf(this.#view, userActor(uid), session, device)
      if (its === undefined || its.ended) this.#findings.fault(`device ${uid}/${device} lives and has no session`)
      const window = recordOf(this.#view, userActor(uid), deviceWindow, device)
      if (window === undefined || window.ended) this.#findings.fault(`device ${uid}/${device} lives and has no window`)
    }
  }

  #session({ uid, id, bytes }: NamedRecord): void {
    const { ended, current, unused, attempt } = session.decode(bytes)
    if (!ended && !this.#lives(uid, id)) this.#findings.fault(`session ${uid}/${id} goes on without its device`)
    if (!ended && current === undefined && unused.length === 0)
      this.#findings.fault(`session ${uid}/${id} has no token`)
    if (!(attempt >= 0)) this.#findings.fault(`session ${uid}/${id} has no attempt`)
  }

  #window({ uid, id, bytes }: NamedRecord): void {
    const { last, ended } = deviceWindow.decode(bytes)
    if (!ended && !this.#lives(uid, id)) this.#findings.fault(`window ${uid}/${id} is open without its device`)
    if (!Number.isSafeInteger(last) || last < 0) this.#findings.fault(`window ${uid}/${id} ends with ${last}`)
  }

  #lives(uid: number, device: string): boolean {
    const known = recordOf(this.#view, userActor(uid), devices)
    return known?.list.some(entry => isLive(entry) && String(entry.device) === device) === true
  }
}

function isLive(entry: DeviceEntry): boolean {
  return entry.endedAtMs === 0
}

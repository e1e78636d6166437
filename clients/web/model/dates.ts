// Times and dates as a reader of a language writes them.
import type { Speech } from '../words.js'
import { dayOf } from './log-rows.js'

const DAY_MS = 86_400_000

type Style = 'time' | 'weekday' | 'short' | 'day' | 'dayOfYear'

const STYLES: Readonly<Record<Style, Intl.DateTimeFormatOptions>> = {
  time: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  weekday: { weekday: 'short' },
  short: { year: 'numeric', month: 'numeric', day: 'numeric' },
  day: { weekday: 'long', day: 'numeric', month: 'long' },
  dayOfYear: { day: 'numeric', month: 'long', year: 'numeric' },
}

/** Made once each: making one takes longer than using it a thousand times. */
const formats = new Map<string, Intl.DateTimeFormat>()

function format(tag: string, style: Style, atMs: number): string {
  const name = `${tag} ${style}`
  const made = formats.get(name) ?? new Intl.DateTimeFormat(tag, STYLES[style])
  formats.set(name, made)
  return made.format(atMs)
}

/** The time of day. */
export function timeOf(speech: Speech, atMs: number): string {
  return format(speech.tag, 'time', atMs)
}

/** The time of a chat's last message, as short as it can be. */
export function rowTime(speech: Speech, atMs: number, nowMs: number): string {
  if (dayOf(atMs) === dayOf(nowMs)) return timeOf(speech, atMs)
  if (dayOf(atMs) === dayOf(nowMs - DAY_MS)) return speech.say('yesterday')
  const isOfThisWeek = atMs < nowMs && nowMs - atMs < 6 * DAY_MS
  return format(speech.tag, isOfThisWeek ? 'weekday' : 'short', atMs)
}

/** The name of a day. */
export function dayLabel(speech: Speech, atMs: number, nowMs: number): string {
  if (dayOf(atMs) === dayOf(nowMs)) return speech.say('today')
  if (dayOf(atMs) === dayOf(nowMs - DAY_MS)) return speech.say('yesterday')
  const isOfThisYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear()
  return format(speech.tag, isOfThisYear ? 'day' : 'dayOfYear', atMs)
}

/** Times as the page says them, also where the clock of the device is a day off. */
import t from 'tap'
import { dayLabel, rowTime } from '../../../clients/web/model/dates.js'
import { Speech } from '../../../clients/web/words.js'

const DAY_MS = 86_400_000
const NOON = new Date(2026, 4, 14, 12).getTime()
const en = new Speech('en')

t.test('what was written now has a date that a reader can place, whatever the device takes for now', async t => {
  const said = (nowMs: number): string[] => [rowTime(en, NOON, nowMs), dayLabel(en, NOON, nowMs)]
  t.same(said(NOON), ['12:00', 'Today'])
  t.same(said(NOON + DAY_MS), ['Yesterday', 'Yesterday'], 'a clock that is a day ahead')
  t.same(said(NOON - DAY_MS), ['5/14/2026', 'Thursday, May 14'], 'a day behind: no day of the past has the name')
  t.same(said(NOON - 400 * DAY_MS), ['5/14/2026', 'May 14, 2026'])
})

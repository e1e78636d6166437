import t from 'tap'
import { playFrames } from './play.js'

// Another seed each time; a fault names it, and `node dist/test/fuzz/main.js` plays it again.
const seed = String(Date.now())

t.test('frames that were changed at every level harm nobody, whatever the services do', async t => {
  const { frames, ends } = await playFrames('fake', seed, 12_000)
  t.ok(frames >= 12_000)
  t.ok(ends.size > 5, [...ends.keys()].join())
})

t.test('the same on a whole server', async t => {
  const { frames, ends } = await playFrames('real', seed, 5_000)
  t.ok(frames >= 5_000)
  t.ok(ends.size > 4, [...ends.keys()].join())
})

import t from 'tap'
import { playBodies } from './bodies.js'

t.test('bodies that were changed by their structure, in protobuf and JSON, have one answer each', async t => {
  const { requests, statuses } = await playBodies(String(Date.now()), 5_000)
  t.ok(requests >= 5_000)
  for (const status of [200, 400, 401, 409]) t.ok((statuses.get(status) ?? 0) > 10, `${status}`)
})

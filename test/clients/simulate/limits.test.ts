/** A run against a server whose limits are made for people: it says which one it met, and what to do. */
import t from 'tap'
import { startTestServer, testConfig } from '../../support/server.js'
import { simulate } from './support.js'

t.test(
  'limits of a named server: a long wait ends the run with what to do, a short one is shown and waited for',
  async t => {
    const limited = async (limits: string) => {
      const server = await startTestServer({ config: testConfig('--limits', 'normal', '--set-limits', limits) })
      t.teardown(() => server.drain())
      const argv = ['--users', '8', '--friends', '2', '--messages', '2', '--server', `127.0.0.1:${server.port}`]
      return simulate(t.testdir(), ...argv)
    }
    const long = await limited('registrations=60/h+5')
    t.equal(long.code, 1)
    t.match(
      long.stderr,
      /^longwire: person \d is to wait \d\d s: the server's limits are met \(RATE_LIMITED\); .*--set-limits/m,
    )
    t.equal(long.report.users, 8)
    const short = await limited('registrations=60/min+5')
    t.equal(short.code, 0, short.stderr)
    t.match(short.stderr, /^login .* \d to try again within \d+ s: RATE_LIMITED$/m)
    t.match(short.report, { sent: 32, delivered: 32 })
  },
)

t.test('limits on what is said: the refusal is named, and what to do', async t => {
  const server = await startTestServer({
    config: testConfig('--set-limits', 'contact-requests=1/h+1', '--limits', 'normal'),
  })
  t.teardown(() => server.drain())
  const argv = ['--users', '8', '--friends', '4', '--messages', '1', '--server', `127.0.0.1:${server.port}`]
  const { code, stderr } = await simulate(t.testdir(), ...argv)
  t.equal(code, 1)
  t.match(stderr, /^longwire: person \d could not ask \d+ to be a friend: .*; give the server wider limits/m)
})

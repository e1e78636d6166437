import t from 'tap'
import { startFailure } from '../../src/cli/start-failure.js'
import { testConfig } from '../support/server.js'

const CONFIG = testConfig(
  ...[
    '--host',
    '::1',
    '--port',
    '5001',
    '--http-port',
    '5002',
    '--metrics-host',
    '127.0.0.2',
    '--metrics-port',
    '5003',
  ],
  ...['--link-port', '5004', '--cluster-secret-file', 'secret'],
)

function refused(port: number, code: string): Error {
  return Object.assign(new Error(`listen ${code}`), { code, port, syscall: 'listen' })
}

t.test('a port that cannot be listened on is named by its own option, with its own host', async t => {
  for (const [port, text] of [
    [5001, '--port: [::1]:5001'],
    [5002, '--http-port: [::1]:5002'],
    [5003, '--metrics-port: 127.0.0.2:5003'],
    [5004, '--link-port: [::1]:5004'],
  ] as const) {
    t.equal(startFailure(CONFIG, refused(port, 'EADDRINUSE')), `${text} is taken by another process`)
    t.equal(startFailure(CONFIG, refused(port, 'EACCES')), `${text} may not be used by this user`)
  }
  const logic = testConfig('--role', 'logic', '--cluster-secret-file', 'secret')
  t.equal(
    startFailure(logic, refused(8082, 'EADDRINUSE')),
    '--link-port: 127.0.0.1:8082 is taken by another process',
    'the port that a logic node has by itself',
  )
})

t.test('what is not about a port is told as it is', async t => {
  t.equal(startFailure(CONFIG, new Error('the store is damaged')), 'the store is damaged')
})

import t from 'tap'
import { notStarted } from '../../src/cli/cluster/not-started.js'

t.test('what a node says of its start is told without the name of the program twice', async t => {
  const last = ['{"level":"warn"}', 'longwire: --port: 127.0.0.1:8081 is taken by another process']
  t.equal(
    notStarted('node 1', 'node', last),
    'node 1 does not start: {"level":"warn"} | --port: 127.0.0.1:8081 is taken by another process',
  )
})

t.test('a taken port of Redis is told in plain words, with the option that names another one', async t => {
  const last = [
    '1:M 28 Nov 2026 12:00:00.000 # Warning: Could not create server TCP listening socket 127.0.0.1:6400: bind: Address already in use',
    '1:M 28 Nov 2026 12:00:00.000 # Failed listening on port 6400 (tcp), aborting.',
  ]
  t.equal(
    notStarted('Redis at port 6400', 'redis', last),
    'Redis at port 6400 does not start: the port is in use by another process; --redis-port names another one',
  )
  t.equal(
    notStarted('Redis at port 6400', 'redis', ['out of memory']),
    'Redis at port 6400 does not start: out of memory',
  )
})

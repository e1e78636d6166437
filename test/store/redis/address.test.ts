import t from 'tap'
import { addressText, connectionOptions, parseRedisUrl } from '../../../src/store/redis/address.js'

t.test('a URL of Redis', async t => {
  t.same(parseRedisUrl('redis://localhost'), {
    hosts: [{ host: 'localhost', port: 6379 }],
    sentinel: undefined,
    tls: false,
    username: undefined,
    password: undefined,
    database: 0,
  })
  t.match(parseRedisUrl('rediss://ann:p%40ss%3a%2f:x@10.0.0.1:7000/3'), {
    hosts: [{ host: '10.0.0.1', port: 7000 }],
    tls: true,
    username: 'ann',
    password: 'p@ss:/:x',
    database: 3,
  })
  t.match(parseRedisUrl('redis://:secret@a:1,b:2,[::1]:3'), {
    hosts: [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
      { host: '::1', port: 3 },
    ],
    username: undefined,
    password: 'secret',
  })
  t.match(parseRedisUrl('redis+sentinel://a,b:27000/main'), {
    hosts: [
      { host: 'a', port: 26_379 },
      { host: 'b', port: 27_000 },
    ],
    sentinel: 'main',
    database: 0,
  })
  t.equal(parseRedisUrl('redis://u:old@a', 'new').password, 'new')
})

t.test('what is not one is refused in one line, without the password', async t => {
  for (const url of [
    'http://a',
    'redis:a',
    'redis://',
    'redis://u:hidden@',
    'redis://u:hidden@a:0',
    'redis://u:hidden@a:99999',
    'redis://u:hidden@a/16',
    'redis://u:hidden@a/x',
    'redis://u:hid%zzden@a',
    'redis://u:hidden@[::1',
    'redis://u:hidden@[a]:1',
    'redis://u:hidden@a:1:2',
    'redis+sentinel://u:hidden@a:1',
  ]) {
    t.throws(() => parseRedisUrl(url), /^--redis[^\n]*$/, url)
    try {
      parseRedisUrl(url)
    } catch (error) {
      t.notMatch(String(error), /hid/)
    }
  }
})

t.test('for people, and for a connection', async t => {
  const address = parseRedisUrl('rediss://u:hidden@[::1]:1,b:2/1')
  t.equal(addressText(address), '[::1]:1,b:2/1')
  t.equal(addressText(parseRedisUrl('redis://u:secret@a/3')), 'a:6379/3')
  t.match(connectionOptions(address), { host: '::1', port: 1, db: 1, username: 'u', password: 'hidden', tls: {} })
  t.match(connectionOptions(address, { host: 'c', port: 9 }), { host: 'c', port: 9 })
  const sentinel = parseRedisUrl('redis+sentinel://a:1/main')
  t.equal(addressText(sentinel), 'main by a:1')
  t.match(connectionOptions(sentinel), { sentinels: [{ host: 'a', port: 1 }], name: 'main' })
})

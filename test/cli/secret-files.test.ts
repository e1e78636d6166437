import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { warnOfOpenSecrets } from '../../src/cli/open-secrets.js'
import { redisAddress } from '../../src/cli/redis-address.js'

t.test('a file of a secret that others can read is warned of', async t => {
  const folder = t.testdir({ secret: 'the secret of a cluster', password: 'secret' })
  const [clusterSecretFile, redisPasswordFile] = [join(folder, 'secret'), join(folder, 'password')]
  const warned = (secretMode: number, passwordMode: number): string[] => {
    chmodSync(clusterSecretFile, secretMode)
    chmodSync(redisPasswordFile, passwordMode)
    const lines: string[] = []
    const log = { warn: (fields: object, text: string) => lines.push(`${JSON.stringify(fields)} ${text}`) }
    warnOfOpenSecrets({ clusterSecretFile, redisPasswordFile }, log)
    return lines
  }
  t.same(warned(0o600, 0o640), [])
  const [secret = '', password = '', ...more] = warned(0o644, 0o604)
  t.same(more, [])
  t.equal(
    secret,
    `{"file":"${clusterSecretFile}"} --cluster-secret-file can be read by everybody on this machine: chmod o-r`,
  )
  t.match(password, '--redis-password-file can be read by everybody')
  const none: string[] = []
  const log = { warn: (_: object, text: string) => none.push(text) }
  warnOfOpenSecrets({ clusterSecretFile: '', redisPasswordFile: '/nowhere/at/all' }, log)
  t.same(none, [])
})

t.test('the password of Redis is in the URL or in a file, not in both', async t => {
  const redisPasswordFile = join(t.testdir({ password: 'of the file\n' }), 'password')
  const read = (redis: string) => redisAddress({ redis, redisPasswordFile })
  t.match(read('redis://h'), { password: 'of the file', username: undefined })
  t.match(read('redis://user@h'), { password: 'of the file', username: 'user' })
  t.match(redisAddress({ redis: 'redis://:url@h', redisPasswordFile: '' }), { password: 'url' })
  for (const url of ['redis://:url@h', 'redis://user:url@h', 'redis://:@h'])
    t.throws(() => read(url), { message: /^--redis-password-file: the URL of Redis has a password, too/ })
})

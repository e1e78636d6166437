/**
 * A whole server whose disk fails: a write or a sync of the journal or of lmdb (injected by strace). It answers nothing more,
 * ends with its own exit code, and the next start has everything that was acknowledged.
 */

import { join } from 'node:path'
import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { CliProcess } from '../support/cli-process.js'
import { befriend, Person } from '../support/person.js'
import { loginAccount } from '../support/server.js'
import { Writer } from '../support/writer.js'

const SEED = process.env.SEED ?? String(Date.now())
const WRITERS = 4

t.comment(`seed ${SEED}`)

/** A folder with some people who are friends of one. */
async function population(data: string) {
  const { server, ready } = await CliProcess.serve('--data', data, '--limits', 'open')
  const hub = await Person.online(ready.port, 'everybodys-friend')
  for (let i = 0; i < WRITERS; i++) {
    const person = await Person.online(ready.port, `writer${i}`)
    await befriend(person, hub)
    await person.leave()
  }
  const { uid } = hub
  await hub.leave()
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
  return uid
}

/** The numbered login of each writer: a second device would do as well, its token is all that is needed. */
async function writers(port: number, to: number, textBytes: number): Promise<Writer[]> {
  const made: Writer[] = []
  for (let i = 0; i < WRITERS; i++) made.push(new Writer(await loginAccount(port, `writer${i}`), to, textBytes))
  return made
}

const random = seededRandom(SEED)

/** What fails, from which of the calls on. */
const FAILURES: readonly { readonly name: string; readonly inject: () => string; readonly textBytes: number }[] = [
  { name: 'a write of the journal, EIO', inject: () => `pwrite64:error=EIO:when=${from(200)}+`, textBytes: 500 },
  { name: 'a write of the journal, ENOSPC', inject: () => `pwrite64:error=ENOSPC:when=${from(200)}+`, textBytes: 500 },
  // One alone: a second try would succeed, and must not be made.
  { name: 'one write of the journal, EIO', inject: () => `pwrite64:error=EIO:when=${from(200)}`, textBytes: 500 },
  // The journal is full after some hundred of these, and lmdb syncs.
  { name: 'a sync of lmdb, EIO', inject: () => 'fdatasync:error=EIO:when=1+', textBytes: 16_000 },
  { name: 'one sync of lmdb, EIO', inject: () => 'fdatasync:error=EIO:when=1', textBytes: 16_000 },
]

function from(calls: number): number {
  return 30 + random.integer(calls)
}

for (const { name, inject, textBytes } of FAILURES) {
  t.test(`${name}: exit code 70, and nothing that was acknowledged is gone`, async t => {
    const data = join(t.testdir(), 'data')
    const hub = await population(data)
    const what = inject()
    const [call = ''] = what.split(':')
    // Only calls on the files that make a commit durable are counted and fail.
    const files = ['journal-0', 'journal-1', ...(call === 'fdatasync' ? ['data.mdb'] : [])].map(file =>
      join(data, file),
    )
    const paths = files.flatMap(file => ['-P', file])
    const strace = ['strace', '-f', '-qq', '-o', '/dev/null', ...paths, '-e', `trace=${call}`, '-e', `inject=${what}`]
    const { server, ready } = await CliProcess.serveUnder(strace, '--data', data, '--limits', 'open')
    const writing = await writers(ready.port, hub, textBytes)
    for (const writer of writing) await writer.connect(ready.port)
    const refusals = await Promise.all(writing.map(writer => writer.write()))
    t.same(refusals, Array(WRITERS).fill(undefined), `${what}: the connections end without another word`)
    t.equal(await server.exit(), 70)
    t.match(server.stderr, /the store failed for good/)

    const again = await CliProcess.serve('--data', data, '--limits', 'open')
    let accepted = 0
    for (const writer of writing) {
      await writer.connect(again.ready.port)
      t.same(await writer.lost(), [])
      accepted += writer.accepted.size
      writer.close()
    }
    t.ok(accepted > 20, `${accepted} were accepted before`)
    again.server.child.kill('SIGTERM')
    t.equal(await again.server.exit(), 0)
    const verify = new CliProcess(['verify', '--data', data])
    t.equal(await verify.exit(), 0, verify.stdout)
  })
}

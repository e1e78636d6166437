/**
 * A server on a small file system (tmpfs, so it needs root) that fills up: by what people write, and by another program. Writes
 * are refused, reads go on, nothing that was accepted is gone, the process lives, and goes on when there is space again.
 */

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { rounds } from '../support/rounds.js'
import { loginAccount } from '../support/server.js'
import { Writer } from '../support/writer.js'

const MIB = 2 ** 20

/** Less than the server's mark of 32 MiB, and more than what it writes until it looks at the disk again. */
const LOW_MIB = 16

/** How often another program fills the disk: by turns to the mark, and to the end. */
const ROUNDS = rounds(2)

/** A small disk of its own, for the time of a test. */
class SmallDisk {
  readonly folder: string
  readonly #filler: string

  constructor(t: Test, mebibytes: number) {
    this.folder = fs.mkdtempSync(join(tmpdir(), 'longwire-disk-'))
    this.#filler = join(this.folder, 'filler')
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', this.folder])
    t.teardown(() => {
      execFileSync('umount', ['-l', this.folder])
      fs.rmdirSync(this.folder)
    })
  }

  get freeMiB(): number {
    const { bavail, bsize } = fs.statfsSync(this.folder)
    return (bavail * bsize) / MIB
  }

  /** Another program writes until so much is left; 0: until nothing more goes. */
  fill(downToMiB: number): void {
    const file = fs.openSync(this.#filler, 'a')
    try {
      while (this.freeMiB > downToMiB)
        fs.writeSync(file, Buffer.alloc(Math.min(MIB, (this.freeMiB - downToMiB) * MIB || 1)))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      fs.closeSync(file)
    }
  }

  clear(): void {
    fs.rmSync(this.#filler, { force: true })
  }

  resize(mebibytes: number): void {
    execFileSync('mount', ['-o', `remount,size=${mebibytes}m`, this.folder])
  }
}

/**
 * Comes in and writes, when that is taken again.
 * @param revive makes another server, where the one before is gone, and says its port
 */
async function comeBack(writer: Writer, first: number, revive?: () => Promise<number>): Promise<void> {
  let port = first
  await eventually(async () => {
    const before = writer.accepted.size
    await writer.connect(port).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && revive !== undefined) port = await revive()
    })
    await writer.write(() => writer.accepted.size > before, 1)
    return writer.accepted.size > before
  }, 60_000)
}

/** A server with somebody who writes, and the uid to write to. */
async function served(data: string) {
  const { server, ready } = await CliProcess.serve('--data', data, '--limits', 'open', '--free-space', '32')
  const alice = await Person.online(ready.port, 'alice')
  const bob = await Person.online(ready.port, 'bob')
  await befriend(alice, bob)
  const { uid } = bob
  await alice.leave()
  await bob.leave()
  const writer = new Writer(await loginAccount(ready.port, 'alice'), uid, 16_000)
  await writer.connect(ready.port)
  return { server, port: ready.port, writer }
}

t.test('filled by what is written: refused, read, and gone on with on a larger disk', async t => {
  const disk = new SmallDisk(t, 128)
  const data = join(disk.folder, 'data')
  const { server, port, writer } = await served(data)
  const refused = await writer.write()
  t.equal(refused?.code, CODES.STORE_FULL.code)
  t.ok((refused?.retryAfterMs ?? 0) > 0)
  t.ok(disk.freeMiB > 16, `${disk.freeMiB} MiB left`)
  t.ok(writer.accepted.size > 300, `${writer.accepted.size} were accepted`)
  t.match(server.stderr, /the disk is filling up: writes are refused/)
  await writer.connect(port) // one may come in, and read everything
  t.same(await writer.lost(), [])

  disk.fill(8) // however much of it the server keeps for its journal
  const backup = new CliProcess(['backup', join(disk.folder, 'backup'), '--data', data])
  t.equal(await backup.exit(), 1)
  t.match(backup.stderr, /^longwire: \/[^\n]*backup cannot be made: [^\n]*(full|space)[^\n]*\n$/i)
  t.same(fs.readdirSync(disk.folder), ['data', 'filler'], 'nothing is left of it')

  // Not one byte is left, but for what is free in the tables: who is there reads on.
  disk.fill(0)
  t.equal((await writer.write())?.code, CODES.STORE_FULL.code)
  t.same(await writer.lost(), [])
  disk.clear()

  disk.resize(512)
  await comeBack(writer, port)
  const before = writer.accepted.size
  await writer.write(() => writer.accepted.size > before + 200)
  t.ok(writer.accepted.size > before + 200)
  t.same(await writer.lost(), [])
  writer.close()
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
  const verify = new CliProcess(['verify', '--data', data])
  t.equal(await verify.exit(), 0, verify.stdout)
})

t.test(
  'filled by another program again and again: it goes on, or starts again, and nothing that was accepted is gone',
  async t => {
    const disk = new SmallDisk(t, 200)
    const data = join(disk.folder, 'data')
    const { server: first, port: firstPort, writer } = await served(data)
    let server = first
    let port = firstPort
    // Others filled the disk faster than a checkpoint takes (ARCHITECTURE.md, "Space on the disk"): that ends the process.
    const revive = async (): Promise<number> => {
      // By itself, also where lmdb's thread cannot be ended. SIGBUS: lmdb met the full disk in its map.
      const ended = await server.exit()
      t.ok([70, 'SIGKILL', 'SIGBUS'].includes(ended), `it ended with ${ended}`)
      const next = await CliProcess.serve('--data', data, '--limits', 'open', '--free-space', '32')
      server = next.server
      port = next.ready.port
      return port
    }
    for (let round = 1; round <= ROUNDS; round++) {
      const before = writer.accepted.size
      let left = disk.freeMiB
      // In steps, while people write: until they are refused, or to the end. The end may come before the server looks again.
      const lowest = round % 2 === 1 ? LOW_MIB : 0
      const refused = await writer.write(() => {
        left = Math.max(lowest, left - 0.5)
        disk.fill(left)
        return false
      })
      if (refused === undefined && lowest === 0) await server.exit()
      else t.equal(refused?.code, CODES.STORE_FULL.code)
      t.ok(writer.accepted.size > before)
      disk.fill(0)
      disk.clear()
      disk.resize(200 + 120 * round) // well above the mark and what the journal may take in the tables
      await comeBack(writer, port, revive)
      t.same(await writer.lost(), [])
    }
    t.equal(server.child.exitCode, null)

    // Killed on a full disk it starts again, and is read.
    disk.fill(0)
    server.child.kill('SIGKILL')
    t.equal(await server.exit(), 'SIGKILL')
    const full = await CliProcess.serve('--data', data, '--limits', 'open').catch((error: Error) => error)
    // Unless there is no space for what the journal holds: then it says so.
    if (full instanceof Error) t.match(full.message, /^longwire: the disk of [^\n]* is full: up to [^\n]*\n$/)
    else {
      full.server.child.kill('SIGTERM')
      t.equal(await full.server.exit(), 0)
    }
    disk.clear()
    const again = await CliProcess.serve('--data', data, '--limits', 'open')
    await writer.connect(again.ready.port)
    t.same(await writer.lost(), [])
    writer.close()
    again.server.child.kill('SIGTERM')
    t.equal(await again.server.exit(), 0)
  },
)

t.test('without space for its files it does not start, and leaves nothing that would be in the way', async t => {
  const disk = new SmallDisk(t, 12)
  const data = join(disk.folder, 'data')
  const server = new CliProcess(['serve', '--data', data, '--port', '0', '--http-port', '0'])
  t.equal(await server.exit(), 1)
  t.match(server.stderr, /^longwire: the disk of [^\n]* is full: up to 17.0 MiB are needed, [^\n]*\n$/)
  disk.resize(200)
  const again = await CliProcess.serve('--data', data)
  again.server.child.kill('SIGTERM')
  t.equal(await again.server.exit(), 0)
})

/** What lmdb maps, and makes where it is not there. */
const LOCK_FILES = ['lock.mdb', 'writer.mdb', 'writer.mdb-lock']

function removeLocks(...folders: readonly string[]): void {
  for (const folder of folders) for (const name of LOCK_FILES) fs.rmSync(join(folder, name), { force: true })
}

/** But for the table of readers of the data folder, which a backup has made when it meets its own disk: others may use it by then. */
function whatIsThere({ folder }: SmallDisk): readonly string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name !== join('data', 'lock.mdb'))
    .sort()
}

t.test('where lock files have no space no command ends in a signal: it says so and leaves nothing', async t => {
  const disk = new SmallDisk(t, 64)
  const data = join(disk.folder, 'data')
  const backup = join(disk.folder, 'backup')
  const made = join(disk.folder, 'made')
  const { server } = await CliProcess.serve('--data', data)
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
  t.equal(await new CliProcess(['backup', backup, '--data', data]).exit(), 0)
  const backupKiB = fs.statSync(join(backup, 'data.mdb')).size / 1024
  const commands = [
    ['verify', '--data', data],
    ['verify', '--data', backup],
    ['backup', made, '--data', data],
    ['restore', backup, '--data', made],
    ['restore', backup, '--data', data],
    ['serve', '--data', data, '--port', '0', '--http-port', '0'],
  ]
  const outcomes = new Set<string>()
  // The lock files take 8 KiB each. Between nothing and enough, another amount each time.
  const some = 4 * (1 + Math.floor(Math.random() * 8))
  for (const leftKiB of [0, some, 40, backupKiB + 16, backupKiB + 16 + some]) {
    for (const argv of commands) {
      const what = `${argv.join(' ')} with ${leftKiB} KiB`
      removeLocks(data, backup)
      disk.fill(leftKiB / 1024)
      const before = whatIsThere(disk)
      const command = new CliProcess(argv)
      if (argv[0] === 'serve') {
        await eventually(
          () => command.child.exitCode !== null || command.child.signalCode !== null || command.stdout !== '',
        )
        command.child.kill('SIGTERM')
      }
      const code = await command.exit()
      outcomes.add(`${argv[0]} ${code}`)
      if (code !== 0) {
        t.equal(code, 1, what)
        t.match(command.stderr, /^longwire: [^\n]*full: up to [^\n]*\n$/, what)
        t.same(whatIsThere(disk), before, what)
      }
      disk.clear()
      fs.rmSync(made, { recursive: true, force: true })
    }
  }

  // The note beside the backup has no space, the store that is made has.
  disk.fill(0)
  const before = whatIsThere(disk)
  const elsewhere = new CliProcess(['restore', backup, '--data', join(t.testdir(), 'made')])
  t.equal(await elsewhere.exit(), 1)
  t.match(elsewhere.stderr, /^longwire: [^\n]*restored cannot be written, [^\n]*; --epoch N restores without it\n$/)
  t.same(whatIsThere(disk), before)
  disk.clear()

  for (const [name = ''] of commands) t.ok(outcomes.has(`${name} 1`), name)
  t.ok(outcomes.has('verify 0'), 'little is enough to read')
})

/** Passwords at their real cost: in threads that give way, with the event loop free, and only so many of them. */
import { createHook } from 'node:async_hooks'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { BusyError, CHEAP_COST, NORMAL_COST, Passwords } from '../../src/services/passwords.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { WorkerPool } from '../../src/workers/pool.js'
import { WorkerError } from '../../src/workers/types.js'
import { startNode, TestDevice } from '../support/engine.js'

// The threads do not keep the process alive, and nothing else does.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

t.test('a password makes its hash again, at either cost, and no other does', async t => {
  for (const cost of [CHEAP_COST, NORMAL_COST]) {
    const passwords = new Passwords({ random: seededRandom(1), cost, workers: pool(t, 2) })
    const hash = await passwords.hash('correct horse')
    t.match(hash, new RegExp(`^scrypt\\$${cost.log2N}\\$`))
    t.ok(await passwords.verify('correct horse', hash))
    t.notOk(await passwords.verify('wrong horse', hash))
    t.notOk(await passwords.verify('nobody', ''))
  }
})

t.test('without a descriptor for a thread they are hashed all the same', t => {
  const script = `
    import { openSync } from 'node:fs'
    import { systemRandom } from '${new URL('../../src/lib/random.js', import.meta.url)}'
    import { systemClock } from '${new URL('../../src/lib/clock.js', import.meta.url)}'
    import { NORMAL_COST, Passwords } from '${new URL('../../src/services/passwords.js', import.meta.url)}'
    import { WorkerPool } from '${new URL('../../src/workers/pool.js', import.meta.url)}'
    setInterval(() => {}, 1_000)
    try { for (;;) openSync('/dev/null') } catch {}
    const workers = new WorkerPool({ clock: systemClock, threads: 1 })
    const passwords = new Passwords({ random: systemRandom, cost: NORMAL_COST, workers })
    const hash = await passwords.hash('correct horse')
    process.exit(await passwords.verify('correct horse', hash) ? 7 : 8)`
  const limited = ['-c', 'ulimit -n 100 && exec "$0" "$@"', process.execPath, '--input-type=module', '-e', script]
  t.equal(spawnSync('sh', limited, { stdio: 'ignore', env: {} }).status, 7)
  t.end()
})

t.test('where no thread can be started one is hashed at a time, beside what the store writes', async t => {
  let underWay = 0
  let most = 0
  const jobs = new Set<number>()
  const hook = createHook({
    init(id, type) {
      if (type !== 'SCRYPTREQUEST') return
      jobs.add(id)
      underWay += 1
      most = Math.max(most, underWay)
    },
    after(id) {
      if (jobs.delete(id)) underWay -= 1
    },
  }).enable()
  t.teardown(() => hook.disable())
  const workers = {
    run: (task: string) => Promise.reject(new WorkerError('CRASHED', task)),
    close: () => Promise.resolve(),
  }
  // The least that is computed in a thread.
  const passwords = new Passwords({ random: seededRandom(5), cost: { log2N: 10, r: 1, p: 1 }, workers })
  const hashes = await Promise.all(Array.from({ length: 6 }, () => passwords.hash('correct horse')))
  t.equal(new Set(hashes).size, 6)
  t.equal(most, 1)
  const many = Array.from({ length: 202 }, () => passwords.hash('correct horse').catch((error: unknown) => error))
  t.ok((await many.at(-1)) instanceof BusyError, 'one is hashed and 200 wait')
  await Promise.all(many)
})

t.test('the threads that hash give way to all others', async t => {
  await new Passwords({ random: seededRandom(1), cost: NORMAL_COST, workers: pool(t, 1) }).hash('correct horse')
  t.ok(niceness().includes(10), `${niceness()}`)
  t.ok(niceness().filter(nice => nice === 0).length > 4, 'and only they do')
})

t.test('logins beyond those that may wait are told to come back, and the event loop is free all the time', async t => {
  const passwords = new Passwords({ random: seededRandom(2), cost: NORMAL_COST, workers: pool(t, 1, 10) })
  const loginNode = await startNode(new MemoryStore(), systemClock, 'logins', { passwords })
  t.equal((await new TestDevice(loginNode).register('alice', 1)).code, CODES.OK.code)
  let longestMs = 0
  let lastMs = performance.now()
  const watch = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs - 1)
    lastMs = performance.now()
  }, 1)
  const replies = await Promise.all(Array.from({ length: 40 }, () => new TestDevice(loginNode).login('alice', 1)))
  clearInterval(watch)
  const count = (code: number) => replies.filter(reply => reply.code === code).length
  t.equal(count(CODES.OK.code), 11, 'one that is hashed and ten that wait')
  t.equal(count(CODES.OVERLOADED.code), 29)
  for (const reply of replies) if (reply.code === CODES.OVERLOADED.code) t.ok(reply.retryAfterMs >= 1_000)
  // Eleven hashes took half a second; a machine with other work to do may be late by itself.
  t.ok(longestMs < 250, `the event loop was held for ${longestMs} ms`)
  const late = new Passwords({ random: seededRandom(2), cost: NORMAL_COST, workers: pool(t, 1, 0) })
  const first = late.hash('one')
  await t.rejects(late.hash('two'), BusyError)
  await first
})

t.test('a device that the account knows is let in before all others', async t => {
  const waitingMax = 20
  const passwords = new Passwords({ random: seededRandom(4), cost: NORMAL_COST, workers: pool(t, 1, waitingMax) })
  const hash = await passwords.hash('correct horse')
  const ended: string[] = []
  const others = Array.from({ length: waitingMax + 1 }, () =>
    passwords.verify('a guess', '').then(() => ended.push('other')),
  )
  await t.rejects(passwords.verify('a guess', ''), BusyError)
  const right = passwords.verify('correct horse', hash, { priority: 'high' }).then(is => {
    ended.push('known')
    return is
  })
  t.equal(await right, true)
  t.ok(ended.length <= 2, `after the one that was hashed already: ${ended}`)
  await Promise.all(others)
  t.equal(ended.length, waitingMax + 2)
})

function pool(t: Test, threads: number, waitingMax?: number): WorkerPool {
  const workers = new WorkerPool({ clock: systemClock, threads, ...(waitingMax === undefined ? {} : { waitingMax }) })
  t.teardown(() => workers.close())
  return workers
}

/** Of all threads of this process: field 19 of stat(5). */
function niceness(): number[] {
  return readdirSync('/proc/self/task').map(thread => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
}

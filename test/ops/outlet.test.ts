/** Lines to a stream that nothing waits for: what a reader gets that stands still, goes, or has no space. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Outlet, WAITING_BYTES_MAX } from '../../src/ops/outlet.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'

/** A pipe whose ends do not block, and what was told of lost lines. */
function pipe(t: Test) {
  const path = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [path])
  const clock = new ManualClock()
  const told: number[] = []
  let reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const outlet = new Outlet(writer, { clock, onTaken: lost => told.push(lost) })
  t.teardown(() => {
    closeSync(writer)
    closeSync(reader)
  })
  return {
    outlet,
    told,
    /** All that can be read now, as the outlet tries again. */
    read(): string {
      const buffer = Buffer.alloc(2 ** 20)
      let all = ''
      for (;;) {
        const before = all.length
        try {
          all += buffer.toString('latin1', 0, readSync(reader, buffer))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        }
        clock.advance(20)
        if (all.length === before) return all
      }
    },
    leave: () => closeSync(reader),
    comeBack() {
      reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    },
  }
}

/** Numbered, and some hundred bytes long. */
function line(number: number): string {
  return `${String(number).padStart(6, '0')} ${'x'.repeat(1 + (number % 300))}\n`
}

function numbersOf(text: string): number[] {
  return text
    .trimEnd()
    .split('\n')
    .map(each => (each === line(Number(each.slice(0, 6))).trimEnd() ? Number(each.slice(0, 6)) : Number.NaN))
}

t.test(
  'a reader that stands still: lines wait up to a bound, then they are lost; what waited comes whole and in order',
  async t => {
    const { outlet, told, read } = pipe(t)
    let bytes = 0
    let written = 0
    for (; bytes < 3 * WAITING_BYTES_MAX; written++) {
      bytes += line(written).length
      outlet.write(line(written))
    }
    t.ok(outlet.lost > 0)
    t.same(told, [], 'nothing is told while nobody reads')
    const text = read()
    t.ok(text.length > WAITING_BYTES_MAX, 'what waited, and what the pipe itself held')
    t.ok(text.length < WAITING_BYTES_MAX + 2 ** 17)
    const taken = written - outlet.lost
    t.same(numbersOf(text), [...Array(taken).keys()])
    t.same(told, [outlet.lost], 'told once')
    outlet.write(line(7))
    t.equal(read(), line(7))
    t.same(told.length, 1)
  },
)

t.test('a reader that goes: everything is lost until another one comes, who is told', async t => {
  const { outlet, told, read, leave, comeBack } = pipe(t)
  outlet.write(line(1))
  t.equal(read(), line(1))
  leave()
  for (let i = 0; i < 5; i++) outlet.write(line(i))
  t.equal(outlet.lost, 5)
  t.same(told, [])
  comeBack()
  outlet.write(line(2))
  t.equal(read(), line(2))
  t.same(told, [5])
})

t.test('a line that was broken off does not spoil the one behind it', async t => {
  const { outlet, read, leave, comeBack } = pipe(t)
  const long = `${'y'.repeat(100_000)}\n`
  outlet.write(long) // more than the pipe holds
  outlet.write(line(1))
  leave()
  outlet.write(line(2))
  comeBack()
  outlet.write(line(3))
  const text = read()
  t.equal(text.split('\n').at(-2), line(3).trimEnd(), text.slice(-200))
})

t.test('no space on the disk, and a descriptor that is closed: lost, and no error', async t => {
  const descriptor = openSync('/dev/full', 'w')
  const told: number[] = []
  const outlet = new Outlet(descriptor, { clock: new ManualClock(), onTaken: lost => told.push(lost) })
  for (let i = 0; i < 3; i++) outlet.write(line(i))
  closeSync(descriptor)
  outlet.write(line(3))
  outlet.end(0)
  t.equal(outlet.lost, 4)
  t.same(told, [])
})

t.test('a file is written in the background, in order; the end writes what is left', async t => {
  const path = join(t.testdir(), 'log')
  writeFileSync(path, '')
  const descriptor = openSync(path, 'a')
  const outlet = new Outlet(descriptor, { clock: new ManualClock() })
  for (let i = 0; i < 3_000; i++) outlet.write(line(i))
  await eventually(() => numbersOf(readFileSync(path, 'latin1')).length === 3_000)
  t.same(numbersOf(readFileSync(path, 'latin1')), [...Array(3_000).keys()])
  for (let i = 3_000; i < 6_000; i++) outlet.write(line(i))
  outlet.end()
  await eventually(() => numbersOf(readFileSync(path, 'latin1')).length === 6_000)
  const numbers = numbersOf(readFileSync(path, 'latin1'))
  t.same(
    [...numbers].sort((a, b) => a - b),
    [...Array(6_000).keys()],
    'each once and whole',
  )
  t.equal(outlet.lost, 0)
  closeSync(descriptor)
})

/** What a person sees, on a terminal that obeys what is written to it. */
import t from 'tap'
import { Terminal } from '../../../clients/terminal/terminal.js'
import { eventually } from '../../support/eventually.js'
import { TerminalEmulator } from '../../support/terminal-emulator.js'

function setUp(columns = 40, rows = 6) {
  const emulator = new TerminalEmulator(columns, rows)
  const lines: string[] = []
  let ends = 0
  const typed: string[] = []
  const terminal = new Terminal(emulator.keyboard, emulator, {
    line: text => lines.push(text),
    typed: text => typed.push(text),
    end: () => ends++,
  })
  terminal.begin()
  terminal.status('[online tcp] bob> ')
  return { emulator, terminal, lines, typed, ends: () => ends }
}

const sent = (key: string, text: string, mark: '…   ' | '✓   ' | '✓✓  ') =>
  ({ kind: 'message', time: '12:00', mark, text, key }) as const

t.test('lines scroll up above the one that is typed in, which keeps what is typed and the cursor', async t => {
  const { emulator, terminal, lines } = setUp()
  emulator.type('helo\x1b[D')
  await eventually(() => emulator.screen.endsWith('helo') && emulator.cursor.column === 21)
  terminal.show({ kind: 'notice', text: 'online' })
  t.equal(emulator.screen, '-- online\n[online tcp] bob> helo')
  t.same(emulator.cursor, { row: 1, column: 21 })
  emulator.type('l\r')
  await eventually(() => lines.length === 1)
  t.same(lines, ['hello'])
  t.equal(emulator.screen, '-- online\n[online tcp] bob>')
})

t.test('what is being typed is told with each key, but not what answers a question', async t => {
  const { emulator, terminal, typed } = setUp()
  emulator.type('hi\x7f')
  await eventually(() => typed.length === 3)
  t.same(typed, ['h', 'hi', 'h'])
  const asked = terminal.dialogue(ask => ask('Password: ', 'secret'))
  await eventually(() => emulator.screen.includes('Password'))
  emulator.type('secret\r')
  t.equal(await asked, 'secret')
  t.equal(typed.length, 3)
})

t.test('a mark changes where its line stands, also when that has more rows and has scrolled', async t => {
  const { emulator, terminal } = setUp()
  terminal.show(sent('1', 'you → bob: hello', '…   '))
  terminal.show(sent('2', 'you → bob: a text of more than one row of it', '…   '))
  t.equal(
    emulator.screen,
    '12:00 …    you → bob: hello\n12:00 …    you → bob: a text of more\n   │ than one row of it\n[online tcp] bob>',
  )
  terminal.remark(sent('1', 'you → bob: hello', '✓✓  '))
  t.match(emulator.screen, /^12:00 ✓✓ {3}you → bob: hello\n/)
  terminal.show({ kind: 'notice', text: 'one' })
  terminal.show({ kind: 'notice', text: 'two' })
  terminal.show({ kind: 'notice', text: 'three' })
  terminal.remark(sent('2', 'you → bob: a text of more than one row of it', '✓   '))
  t.equal(
    emulator.screen,
    '12:00 ✓    you → bob: a text of more\n   │ than one row of it\n-- one\n-- two\n-- three\n[online tcp] bob>',
  )
  const before = emulator.screen
  terminal.remark(sent('1', 'you → bob: hello', '✓✓  '))
  t.equal(emulator.screen, before, 'of what has left the screen nothing is drawn')
})

t.test('after the screen was made wider or narrower, no mark is drawn at a place that may be another', async t => {
  const { emulator, terminal } = setUp()
  terminal.show(sent('1', 'you → bob: hello', '…   '))
  emulator.resize(36, 6)
  t.equal(emulator.screen, '[online tcp] bob>')
  terminal.remark(sent('1', 'you → bob: hello', '✓   '))
  t.equal(emulator.screen, '[online tcp] bob>')
})

t.test('a question takes the line; its answer can be read afterwards, a secret never', async t => {
  const { emulator, terminal, lines } = setUp()
  const answers = terminal.dialogue(async ask => {
    const who = await ask('l or r: ', 'echoed')
    terminal.show({ kind: 'notice', text: 'offline' })
    return [who, await ask('Password: ', 'secret')]
  })
  emulator.type('r\r')
  await eventually(() => emulator.screen.endsWith('Password:'))
  emulator.type('zxqvj\x7fk\r')
  t.same(await answers, ['r', 'zxqvk'])
  t.equal(emulator.screen, 'l or r: r\n-- offline\nPassword:\n[online tcp] bob>')
  emulator.type('\x1b[A.')
  await eventually(() => emulator.screen.endsWith('.'))
  t.notMatch(emulator.written, /[zxqvjk]/, 'not one letter of it, also when keys ask for what was entered')
  t.same(lines, [])
})

t.test('of a choice only the words that may be chosen are shown', async t => {
  const { emulator, terminal } = setUp()
  const choice = terminal.dialogue(ask => ask('l or r: ', ['l', 'login', 'r']))
  emulator.type('log')
  await eventually(() => emulator.screen.endsWith('log'))
  emulator.type('zxqvj')
  await eventually(() => emulator.screen.endsWith('l or r:'))
  emulator.type('\r')
  t.equal(await choice, 'logzxqvj')
  t.notMatch(emulator.written, /[zxqvj]/)
})

t.test('what is pasted is drawn once, and typing in a long line costs no more than in a short one', async t => {
  const { emulator, terminal, lines } = setUp()
  terminal.status('> ')
  const text = '漢字 and words '.repeat(1_500)
  const before = emulator.written.length
  emulator.type(`\x1b[200~${text}\x1b[201~`)
  await eventually(() => emulator.screen.endsWith('words'))
  t.ok(emulator.written.length - before < 2_000, `${emulator.written.length - before} characters were written`)
  const usedMs = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  const beganMs = usedMs()
  emulator.type('x'.repeat(1_000))
  await eventually(() => emulator.screen.endsWith('xxxx'))
  emulator.type('\x17'.repeat(100))
  emulator.type('\r')
  await eventually(() => lines.length === 1)
  t.ok(usedMs() - beganMs < 2_000, `${usedMs() - beganMs} ms for 1 100 keys`)
  t.equal(lines[0]?.startsWith('漢字 and'), true)
})

t.test('what is typed ahead of a question answers it, unseen; what is left over is no message', async t => {
  const { emulator, terminal, lines, ends } = setUp()
  let goOn: () => void = () => {}
  const answers = terminal.dialogue(async ask => {
    await new Promise<void>(resolve => {
      goOn = resolve
    })
    return [await ask('Old: ', 'secret'), await ask('New: ', 'secret'), await ask('Again: ', 'secret')]
  })
  emulator.type('zx\rqv\rjk\rzxq\rvjk')
  await eventually(() => emulator.keyboard.readableLength === 0)
  emulator.type('\x03')
  await eventually(() => ends() === 1)
  goOn()
  t.same(await answers, ['zx', 'qv', 'jk'])
  emulator.type('hello\r')
  await eventually(() => lines.length > 0)
  t.same(lines, ['hello'])
  t.notMatch(emulator.written, /[zxqvjk]/)
})

t.test('what is typed while keys are held is typed afterwards; Ctrl-C ends it at once', async t => {
  const { emulator, terminal, lines, ends } = setUp()
  let goOn: () => void = () => {}
  const over = terminal.hold(
    () =>
      new Promise<void>(resolve => {
        goOn = resolve
      }),
  )
  emulator.type('hello\rhow are')
  await eventually(() => emulator.keyboard.readableLength === 0)
  emulator.type('\x03')
  await eventually(() => ends() === 1)
  t.same(lines, [])
  t.notMatch(emulator.written, 'hello')
  goOn()
  await over
  t.same(lines, ['hello'])
  emulator.type(' you\r')
  await eventually(() => lines.length === 2)
  t.same(lines, ['hello', 'how are you'])
})

t.test('a dialogue waits for the one before, also if that failed', async t => {
  const { emulator, terminal } = setUp()
  const first = terminal.dialogue(async ask => {
    await ask('First: ', 'echoed')
    throw new Error('over')
  })
  const second = terminal.dialogue(ask => ask('Second: ', 'echoed'))
  await eventually(() => emulator.screen.endsWith('First:'))
  emulator.type('one\r')
  await t.rejects(first, /over/)
  await eventually(() => emulator.screen.endsWith('Second:'))
  emulator.type('two\r')
  t.equal(await second, 'two')
})

t.test('Ctrl-C, Ctrl-D and a terminal that is gone end it; it is left as it was found', async t => {
  const { emulator, terminal, ends } = setUp()
  t.ok(emulator.rawMode)
  emulator.type('\x03')
  await eventually(() => ends() === 1)
  emulator.type('\x04')
  await eventually(() => ends() === 2)
  emulator.keyboard.end()
  await eventually(() => ends() === 3)
  const asked = terminal.dialogue(ask => ask('Password: ', 'secret'))
  await eventually(() => emulator.screen.endsWith('Password:'))
  terminal.end()
  terminal.end()
  t.equal(await asked, undefined)
  t.notOk(emulator.rawMode)
  t.ok(emulator.written.endsWith('\x1b[?2004l'))
  t.equal(emulator.screen, '')
  const late = terminal.dialogue(ask => ask('Password: ', 'secret'))
  t.equal(await late, undefined, 'nobody is there any more')
})

t.test('a long name leaves half of the row to what is typed', async t => {
  const { emulator, terminal } = setUp(30)
  terminal.status(`[online tcp] ${'b'.repeat(32)}> `)
  emulator.type('hello')
  await eventually(() => emulator.screen.endsWith('hello'))
  t.equal(emulator.screen, `…${'b'.repeat(12)}> hello`)
})

import t from 'tap'
import { type Key, LineEditor } from '../../../clients/terminal/line-editor.js'

/** Types words and names of keys: `^w` is Ctrl-W, `<left>` a key. */
function type(editor: LineEditor, keys: string): ReturnType<LineEditor['key']> {
  let last: ReturnType<LineEditor['key']> = { kind: 'nothing' }
  for (const [piece, control, name] of keys.matchAll(/\^([a-z])|<([a-z-]+)>|./gsu)) {
    const key: Key = name !== undefined ? { name } : control !== undefined ? { name: control, ctrl: true } : {}
    const character = name === undefined && control === undefined ? piece : undefined
    last = editor.key(character, { ...key, sequence: piece })
  }
  return last
}

t.test('keys edit the line as people are used to', async t => {
  for (const [keys, text] of [
    ['hello', 'hello'],
    ['helo<left>l', 'hello'],
    ['ello<home>h<end>!', 'hello!'],
    ['helloo<backspace>', 'hello'],
    ['xhello^a<delete>', 'hello'],
    ['hello there^w', 'hello '],
    ['hello there^u', ''],
    ['hello<left><left>^k', 'hel'],
    ['hello^a^dj', 'jello'],
    ['a👍🏽<backspace>b', 'ab'],
    ['a👩‍👩‍👧<left><left>x', 'xa👩‍👩‍👧'],
    ['<f-one>a<escape>b<tab>', 'ab '],
  ] as const) {
    const editor = new LineEditor(true)
    t.equal(type(editor, keys).kind, 'nothing')
    t.equal(editor.text, text, keys)
  }
})

t.test('Return gives the line; Ctrl-C ends, Ctrl-D only on an empty line', async t => {
  const editor = new LineEditor(true)
  t.same(type(editor, 'hello<return>'), { kind: 'line', text: 'hello' })
  t.equal(editor.text, '')
  t.same(type(editor, 'x^d'), { kind: 'nothing' })
  t.same(type(editor, 'x^c'), { kind: 'end' })
  t.same(type(editor, '^u^d'), { kind: 'end' })
  t.same(type(editor, '^l'), { kind: 'redraw' })
})

t.test('what was entered is called back; a secret is not', async t => {
  const editor = new LineEditor(true)
  type(editor, 'one<return>two<return>two<return>')
  type(editor, '<up>')
  t.equal(editor.text, 'two')
  type(editor, '<up><up><up>')
  t.equal(editor.text, 'one')
  type(editor, '<down>')
  t.equal(editor.text, 'two')
  type(editor, '<down>')
  t.equal(editor.text, '')
  const secret = new LineEditor(false)
  type(secret, 'secret<return><up>')
  t.equal(secret.text, '')
})

t.test('what is pasted is one text, whatever keys are in it', async t => {
  const editor = new LineEditor(true)
  type(editor, '<paste-start>one')
  editor.key('\r', { name: 'return', sequence: '\r' })
  editor.key('\x03', { name: 'c', ctrl: true, sequence: '\x03' })
  t.same(type(editor, 'two<paste-end>'), { kind: 'nothing' })
  t.same(editor.view(80), { text: 'one⏎␃two', cursor: 9 })
  t.same(type(editor, '<return>'), { kind: 'line', text: 'one\n\x03two' })
})

t.test('a line that is longer than its space shows what is around the cursor', async t => {
  const editor = new LineEditor(true)
  type(editor, 'abcdefgh')
  t.same(editor.view(5), { text: 'efgh', cursor: 4 })
  type(editor, '<home>')
  t.same(editor.view(5), { text: 'abcde', cursor: 0 })
  type(editor, '<end>你好')
  t.same(editor.view(6), { text: 'h你好', cursor: 5 })
})

t.test('words are found from behind in time that grows with the line alone', async t => {
  for (const text of ['x'.repeat(200_000), ' '.repeat(200_000), 'x '.repeat(100_000)]) {
    const editor = new LineEditor(true)
    editor.key(text, { sequence: text })
    const began = process.cpuUsage()
    type(editor, '^w')
    const { user } = process.cpuUsage(began)
    t.ok(user < 500_000, `${user} us`)
  }
})

import { PassThrough } from 'node:stream'
import t from 'tap'
import { eachLine } from '../../src/lib/each-line.js'

t.test('lines come whole, however they are cut, and the last one without an end does not', t => {
  const stream = new PassThrough()
  const lines: string[] = []
  eachLine(stream, line => lines.push(line))
  eachLine(null, line => lines.push(line))
  for (const byte of Buffer.from('one\n\nzwei √\nthree')) stream.write(Buffer.of(byte))
  stream.on('end', () => {
    t.same(lines, ['one', '', 'zwei √'])
    t.end()
  })
  stream.end()
})

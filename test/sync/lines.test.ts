import t from 'tap'
import { present } from '../../src/lib/assert.js'
import { Lines } from '../../src/sync/lines.js'

const ACTOR = 'user/1'

interface Named {
  readonly name: string
  readonly actor: string
  tries: number
}

const named = (name: string, tries = 0): Named => ({ name, actor: ACTOR, tries })

t.test('one that fell comes before those that were never planned, and behind older ones that fell', async t => {
  const lines = new Lines<Named>()
  const join = (one: Named): void => lines.join(present(lines.of(ACTOR), 'the line'), one)
  const order = (): string[] => present(lines.of(ACTOR), 'the line').waiting.map(({ name }) => name)
  lines.open(named('reads'), false)
  join(named('later'))
  const [first, second] = [named('first', 1), named('second', 1)]
  join(first)
  join(second)
  t.same(order(), ['first', 'second', 'reads', 'later'])

  lines.remove(first)
  first.tries = 2 // it was planned, and fell again
  join(first)
  t.same(order(), ['first', 'second', 'reads', 'later'])

  lines.remove(second)
  lines.open(second, false)
  t.same(order(), ['second', 'first', 'reads', 'later'], 'one that reads is the first')
  t.equal(lines.of('user/2'), undefined)
  lines.close(ACTOR)
  t.equal(lines.of(ACTOR), undefined)
})

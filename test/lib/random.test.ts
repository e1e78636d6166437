import t from 'tap'
import { type Random, seededRandom, systemRandom } from '../../src/lib/random.js'

const kinds: readonly [string, () => Random][] = [
  ['system', () => systemRandom],
  ['seeded', () => seededRandom('seed')],
]

for (const [name, make] of kinds) {
  t.test(`${name}: fractions lie in [0, 1) and are spread evenly`, async t => {
    const random = make()
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 20_000; i++) {
      const fraction = random.fraction()
      if (!(fraction >= 0 && fraction < 1)) t.fail(`${fraction} is outside`)
      const slot = Math.floor(fraction * 10)
      counts[slot] = (counts[slot] ?? 0) + 1
    }
    // 2 000 expected in each, standard deviation 42: seven of them
    t.ok(
      counts.every(count => Math.abs(count - 2000) < 300),
      String(counts),
    )
  })

  t.test(`${name}: integers reach every value below the bound and none beyond`, async t => {
    const random = make()
    for (const below of [1, 2, 7, 256]) {
      const seen = new Set<number>()
      for (let i = 0; i < 5000; i++) seen.add(random.integer(below))
      t.equal(seen.size, below)
      t.ok([...seen].every(value => Number.isInteger(value) && value >= 0 && value < below))
    }
    const large = Array.from({ length: 2000 }, () => random.integer(2 ** 53 - 1))
    t.ok(large.every(value => Number.isSafeInteger(value) && value >= 0))
    t.ok(large.some(value => value > 2 ** 52) && large.some(value => value < 2 ** 52) && large.some(v => v % 2 === 1))
    for (const below of [0, -1, 1.5, Number.NaN, 2 ** 54]) t.throws(() => random.integer(below), RangeError)
  })

  t.test(`${name}: bytes have the length asked for and differ`, async t => {
    const random = make()
    for (const length of [0, 1, 3, 4, 16, 33]) t.equal(random.bytes(length).length, length)
    t.notSame(random.bytes(16), random.bytes(16))
    t.equal(new Set(random.bytes(20_000)).size, 256)
  })
}

t.test('a seed gives the same numbers again, another seed others', async t => {
  const draw = (seed: number | string) => {
    const random = seededRandom(seed)
    return [random.integer(2 ** 32), random.integer(2 ** 32), random.fraction(), [...random.bytes(5)]]
  }
  t.same(draw(1), draw(1))
  t.same(draw(1), draw('1'))
  t.notSame(draw(1), draw(2))
  t.notSame(draw('ab'), draw('ba'))
})

t.test('the sequence of a seed never changes: printed seeds must replay on a later version', async t => {
  const random = seededRandom(42)
  t.same([random.integer(1000), random.integer(1000), random.integer(1000)], [366, 587, 209])
})

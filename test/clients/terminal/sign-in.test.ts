/** Questions and answers on the way to a session, against a server that knows alice. */
import t from 'tap'
import { type SignInSpec, signIn } from '../../../clients/terminal/sign-in.js'
import { LongwireError } from '../../../clients/typescript/index.js'
import { CODES } from '../../../protocol/codes.js'

const RIGHT = 'correct horse'

async function run(answers: readonly string[], spec: Partial<SignInSpec> = {}) {
  const calls: string[] = []
  const asked: string[] = []
  const said: string[] = []
  const refuse = (name: keyof typeof CODES): never => {
    throw LongwireError.ofCode(CODES[name].code)
  }
  const account = {
    register: async ({ account, password }: { account: string; password: string }) => {
      calls.push(`register ${account} ${password}`)
      if (account === 'alice') refuse('NAME_TAKEN')
      if (password.length < 8) refuse('PASSWORD_WEAK')
    },
    login: async ({ account, password }: { account: string; password: string }) => {
      calls.push(`login ${account} ${password}`)
      if (password === 'away') refuse('UNAVAILABLE')
      if (password === 'down') throw LongwireError.local('TIMEOUT')
      if (account !== 'alice' || password !== RIGHT) refuse('WRONG_CREDENTIALS')
    },
  }
  const left = [...answers]
  const signedIn = await signIn({
    client: { account } as unknown as SignInSpec['client'],
    account: 'alice',
    server: 'here:1',
    storage: '/home/alice/old',
    register: undefined,
    password: undefined,
    ask: async (question, how) => {
      asked.push(`${question}${typeof how === 'string' ? how : 'choice'}`)
      return left.shift()
    },
    say: (_kind, text) => said.push(text),
    ...spec,
  })
  return { signedIn, calls, asked, said, left }
}

t.test('asks whether to log in, and for the password, which is a secret', async t => {
  const { signedIn, calls, asked } = await run(['l', RIGHT])
  t.ok(signedIn)
  t.same(calls, [`login alice ${RIGHT}`])
  t.same(asked, ['l or r: choice', 'Password: secret'])
})

t.test('a wrong password is asked for again, up to a limit, and nothing that is echoed in between', async t => {
  const { signedIn, calls, asked, said } = await run(['x', '', 'long ago', 'Log in', 'wrong', RIGHT])
  t.ok(signedIn)
  t.same(calls, ['login alice wrong', `login alice ${RIGHT}`])
  t.same(asked.slice(-2), ['Password: secret', 'Password: secret'])
  t.match(said[1], /^alice could not log in: account or password is wrong \(if nobody of that name/)
  const never = await run(Array(40).fill('l'))
  t.notOk(never.signedIn)
  t.equal(never.calls.length, 5)
})

t.test('an empty line in place of a password leads back to the choice', async t => {
  const { signedIn, calls } = await run(['l', 'wrong', '', 'r', 'long enough', 'long enough'], { account: 'bob' })
  t.ok(signedIn)
  t.same(calls, ['login bob wrong', 'register bob long enough'])
})

t.test('a limit is said with what it limits, and until when', async t => {
  for (const [register, what] of [
    [
      true,
      /^alice could not be registered: too many requests; again in 60 s \(.* accounts are made from one network\)$/,
    ],
    [false, /^alice could not log in: too many requests; again in 60 s \(.* logins from one network, .*\)$/],
  ] as const) {
    const limited = async () => {
      throw LongwireError.ofCode(CODES.RATE_LIMITED.code, 59_001)
    }
    const client = { account: { register: limited, login: limited } } as unknown as SignInSpec['client']
    const { signedIn, said } = await run([], { client, password: RIGHT, register })
    t.notOk(signedIn)
    t.match(said[0], what)
  }
})

t.test('a new password is asked for twice; a short one and a taken name are said', async t => {
  const { signedIn, calls, asked, said } = await run(
    ['r', 'one', 'two', 'short', 'short', 'long enough', 'long enough'],
    {
      account: 'bob',
    },
  )
  t.ok(signedIn)
  t.same(calls, ['register bob short', 'register bob long enough'])
  t.same(asked.slice(1, 3), ['New password: secret', 'New password again: secret'])
  t.match(said, [/Log in, or register/, /not the same/, /the password is shorter than 8 bytes/])
  const taken = await run(['r', 'long enough', 'long enough', 'l', RIGHT])
  t.ok(taken.signedIn)
  t.match(taken.said[1], /the account name is taken \(if it is yours, log in\)/)
})

t.test('without anybody to ask one given password is tried once', async t => {
  t.match(await run([], { ask: undefined, password: RIGHT }), { signedIn: true, calls: [`login alice ${RIGHT}`] })
  t.match(await run([], { ask: undefined, password: 'wrong' }), { signedIn: false, calls: ['login alice wrong'] })
  const fresh = await run([], { ask: undefined, password: RIGHT, account: 'bob', register: true })
  t.match(fresh, { signedIn: true, calls: [`register bob ${RIGHT}`] })
  const none = await run([], { ask: undefined })
  t.match(none, { signedIn: false, calls: [], said: [/--password-fd/] })
})

t.test('it ends when the person goes, and when no server answers', async t => {
  t.match(await run([]), { signedIn: false, calls: [] })
  t.match(await run(['l']), { signedIn: false, calls: [] })
  const down = await run(['l', 'down', 'l', RIGHT])
  t.match(down, { signedIn: false, left: ['l', RIGHT] })
  t.match(down.said[1], /no answer came in time \(does a server run at here:1\?\)$/)
  const away = await run(['l', 'away', 'l', RIGHT])
  t.match(away, { signedIn: false, left: ['l', RIGHT] })
  t.match(
    away.said[1],
    /\(there is a server at here:1, but the service is not available at the moment: try again later\)$/,
  )
})

/** Types what the documents tell newcomers to type: the lines of curl, and the sample of the client library. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'

const HTTP_PAGE = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8')
const CLIENT_README = readFileSync(new URL('../../../clients/typescript/README.md', import.meta.url), 'utf8')

t.test('the lines of curl do what is said of them', async t => {
  const { server, ready } = await CliProcess.serve('--data', t.testdir(), '--log-level', 'silent')
  t.teardown(async () => {
    server.child.kill('SIGKILL')
    await server.exit()
  })
  const script = Array.from(HTTP_PAGE.matchAll(/\n```sh\n(.*?curl .*?)\n```\n/gs), ([, lines]) => lines).join('\n')
  const mine = script.replaceAll('http://127.0.0.1:8080/', `http://127.0.0.1:${ready.http_port}/`)
  t.not(mine, script, 'they talk to the default port')
  // Answers end without a line end: each on a line of its own, to be looked at one by one. And it must stop at the first failure.
  const sh = spawn('sh', ['-euc', mine.replace(/^curl .*$/gm, line => `${line}; echo`)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [sh.stdout, sh.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = (await once(sh, 'close')) as [number | null]
  t.equal(code, 0, said)
  const answers = said
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  t.equal(answers.length, 18)
  const [carol, dave, asked, accepted, sent, page, posted, members, ...others] = answers
  const [later, answered, mentioned, unread, marked, set, earlier, edited, reacted, recalled] = others
  t.match([carol, dave], [{ session: { device: 1, token: String } }, { session: { device: 1, token: String } }])
  t.same([asked, accepted], [{}, {}])
  t.match(sent, { version: String })
  const message = { sender: carol.session.uid, device: 1, sendSeq: '2', text: 'good morning' }
  t.match(page.items.at(-1), { message })
  t.match(HTTP_PAGE, `"text":"good morning"`)
  t.match(said, '"text":"good morning"')
  t.same(posted, {})
  t.match(
    members.members.map(({ account }: { account: string }) => account),
    ['carol', 'dave'],
  )
  t.match(later.items.at(-1), { conversationMessage: { sender: carol.session.uid, text: 'the kettle is on' } })
  t.match(HTTP_PAGE, `"text":"the kettle is on"`)
  t.match(later.items.at(-1), { conversationMessage: { number: '4' } })
  t.same(answered, {})
  t.match(mentioned, { unread: 1, mentions: 1 })
  t.match(HTTP_PAGE, `"mentions":1`)
  t.match(unread, { unread: 1 })
  t.same([marked, set, earlier], [{}, {}, {}])
  t.match(HTTP_PAGE, `"unread":1`)
  t.same([edited, reacted, recalled], [{}, {}, {}])
})

t.test(
  'the sample of the client library works as it stands, the second and the third time, and on a new machine',
  async t => {
    const folder = t.testdir({})
    const { server, ready } = await CliProcess.serve('--data', join(folder, 'data'), '--log-level', 'silent')
    t.teardown(async () => {
      server.child.kill('SIGKILL')
      await server.exit()
    })
    const sample = /\n```js\n(import [^\n]* from 'longwire\/client'\n.*?)```\n/s.exec(CLIENT_README)?.[1] ?? ''
    const mine = sample.replace('port: 8081', `port: ${ready.port}`)
    t.not(mine, sample, 'it talks to the default port')
    writeFileSync(join(folder, 'talk.mjs'), mine)
    for (const run of ['first', 'second', 'third', 'without what the others left']) {
      if (run.startsWith('without')) rmSync(join(folder, 'people'), { recursive: true })
      const said = await runUntil(folder, /message \d+ of erin is delivered/)
      t.match(said, /^frank has: good morning$/m, `the ${run} run`)
      t.notMatch(said, /failed|Error/)
    }
  },
)

/** What the sample says until it matches; then it is stopped, as a user stops it. */
async function runUntil(folder: string, wanted: RegExp): Promise<string> {
  const child = spawn(process.execPath, ['talk.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (said += text))
  const closed = once(child, 'close')
  let isOver = false
  void closed.then(() => (isOver = true))
  try {
    await eventually(() => isOver || wanted.test(said), 30_000)
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}; it said:\n${said}`)
  } finally {
    child.kill('SIGINT')
    await closed
  }
  return said
}

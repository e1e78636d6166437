/** What README tells newcomers to type, typed: the lines of curl, and the options and commands that it names (help.test.ts). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { CliProcess } from '../support/cli-process.js'

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')

t.test('the lines of curl do what is said of them', async t => {
  const { server, ready } = await CliProcess.serve('--data', t.testdir(), '--log-level', 'silent')
  t.teardown(async () => {
    server.child.kill('SIGKILL')
    await server.exit()
  })
  const [, script = ''] = /\n```sh\n(.*?curl .*?)\n```\n/s.exec(README) ?? []
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
  t.equal(answers.length, 6)
  const [carol, dave, asked, accepted, sent, page] = answers
  t.match([carol, dave], [{ session: { device: 1, token: String } }, { session: { device: 1, token: String } }])
  t.same([asked, accepted], [{}, {}])
  t.match(sent, { version: String })
  const message = { sender: carol.session.uid, device: 1, sendSeq: '2', text: 'good morning' }
  t.match(page.items.at(-1), { message })
  t.match(README, `"text":"good morning"`)
  t.match(said, '"text":"good morning"')
})

/** `--help` tells the truth: of every command every option, and what README names is there. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import type { Command } from '../../src/cli/command.js'
import { COMMANDS } from '../../src/cli/main.js'
import { defaultText, flagOf } from '../../src/ops/command-options.js'
import { runHere } from '../support/command.js'

function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
}

const README = read('README.md')

/** README and the pages about running and trying the server. */
const PAGES = [
  'README.md',
  ...['operating', 'http', 'testing', 'limits', 'metrics', 'figures'].map(name => `docs/${name}.md`),
]
  .map(read)
  .join('\n')

/** Of other programs, and of `npm run …` scripts that are no command of longwire. */
const FOREIGN = [
  '--help',
  '--version',
  '--seeds',
  '--states',
  '--prefix',
  '--json',
  '--compressed',
  '--no-buffer',
  '--figures',
  '--against',
  '--quick',
]

const commands: [name: string, command: Command][] = await Promise.all(
  Object.entries(COMMANDS).map(async ([name, entry]): Promise<[string, Command]> => [name, await entry.load()]),
)

t.test('the help names every command; README too', async t => {
  const { code, stdout } = await runHere(['--help'])
  t.equal(code, 0)
  for (const [name] of commands) {
    t.match(stdout, new RegExp(`^ {2}${name} +\\S`, 'm'), name)
    t.ok(README.includes(`longwire ${name}`) || README.includes(`npm run ${name}`), `${name} in README`)
  }
})

t.test('the help of a command names every option with its value and default, and its exit codes', async t => {
  for (const [name, { options }] of commands) {
    const { code, stdout, stderr } = await runHere([name, '--help'])
    t.equal(code, 0, name)
    t.equal(stderr, '')
    t.match(stdout, new RegExp(`^longwire ${name}[ \\n]`))
    t.match(stdout, /^Exit codes: /m, name)
    for (const line of stdout.split('\n')) t.ok(line.length <= 125, line)
    t.notMatch(stdout, /\(default\s*\)/, `${name}: no default that is nothing`)
    // An explanation may have more lines, and begin on one of its own.
    const shown = [...stdout.matchAll(/^ {2}(--[a-z0-9-]+)(?: (\S+))?((?:\n? {2,}(?!--).*)+)/gm)]
    t.same(
      shown.map(([, flag]) => flag),
      Object.keys(options).map(flagOf),
      `${name}: all of them, and no others`,
    )
    for (const [i, option] of Object.values(options).entries()) {
      const [, flag, value = '', text = ''] = shown[i] ?? []
      const why = text.trim().replace(/\s+/g, ' ')
      t.equal(value, option.value, `${name} ${flag}`)
      t.ok(why.startsWith(option.why), `${name} ${flag}: ${why}`)
      if (defaultText(option) !== '' && option.value !== '')
        t.match(why, `(default ${defaultText(option)})`, `${name} ${flag}`)
    }
  }
})

t.test('every command refuses what it does not know, and wrong values, by name', async t => {
  for (const [name, command] of commands) {
    t.same(await runHere([name, '--no-such-option', '1']), {
      code: 2,
      stdout: '',
      stderr: `longwire: unknown option: --no-such-option (longwire ${name} --help lists the options)\n`,
    })
    const words = await runHere([name, 'one', 'two', 'three'])
    t.equal(words.code, 2, `${name} with three words`)
    for (const [key, option] of Object.entries(command.options)) {
      const flag = flagOf(key)
      const shown = defaultText(option)
      if (shown !== '')
        t.same(option.parse(shown), option.default, `${name} ${flag}: its default is a value that it takes`)
      const wrong = ['', 'no such value', '-99'].find(value => option.parse(value) === undefined)
      t.not(wrong, undefined, `${name} ${flag} takes anything`)
      const { code, stderr } = await runHere([name, `${flag}=${wrong}`])
      t.equal(code, 2, `${name} ${flag}=${wrong}`)
      t.match(stderr, `longwire: ${flag} must be ${option.range}, not ${JSON.stringify(wrong)}`)
      t.equal(stderr.split('\n').length, 2, 'one line')
    }
  }
})

t.test('a limit that there is none of is named, with those that there are', async t => {
  const { code, stderr } = await runHere(['serve', '--set-limits', 'logins=1/h+1,foo=off'])
  t.equal(code, 2)
  t.match(
    stderr,
    /^longwire: --set-limits: there is no limit "foo"; the limits are requests-device, .*\bbytes-out\b.*\n$/,
  )
})

t.test('the programs behind npm run say their options, and refuse others in one line', async t => {
  const programs = { simulation: 'test/simulation/main.js', crash: 'test/crash/main.js', bench: 'bench/main.js' }
  for (const [name, file] of Object.entries(programs)) {
    const ask = (option: string) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [path.resolve('dist', file), option], {
        encoding: 'utf8',
      })
      return { status, stdout, stderr }
    }
    const help = ask('--help')
    t.match(help, { status: 0, stderr: '' }, name)
    t.match(help.stdout, new RegExp(`^npm run ${name} -- \\[options\\]( \\[PART \\.{3}\\])?\n\n  --\\w+`))
    t.match(help.stdout, /^Exit codes: 0 /m)
    t.same(ask('--no-such-option'), {
      status: 2,
      stdout: '',
      stderr: `longwire: unknown option: --no-such-option (npm run ${name} -- --help lists the options)\n`,
    })
  }
})

t.test('README and its pages name no option that is not there, and no command', async t => {
  const known = new Set(commands.flatMap(([, { options }]) => Object.keys(options).map(flagOf)))
  for (const [flag] of PAGES.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g))
    t.ok(known.has(flag) || FOREIGN.includes(flag), flag)
  for (const [, name = ''] of PAGES.matchAll(/`(?:npx )?longwire ([a-z]+)/g)) t.ok(Object.hasOwn(COMMANDS, name), name)
})

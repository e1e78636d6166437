/**
 * Options of a command. One table says the default, unit, range and reason of each. The same table parses the command line and
 * the environment, prints the help and stands in docs/. Unknown names and wrong values are refused by name.
 */

/** One option. Its name in the table is in camelCase: `httpPort` is `--http-port` and, in the environment, `LONGWIRE_HTTP_PORT`. */
export interface Option<T> {
  readonly default: T
  /** The placeholder of the value in the help, with its unit; '' for a flag, which takes none. */
  readonly value: string
  /** The allowed values for people, completing "must be …". */
  readonly range: string
  /** The purpose of the option, and the reason for its default. */
  readonly why: string
  /** The default as it is written; absent: as it is. */
  readonly shown?: string
  /** An empty value is wrong, although the default, which is empty, means that none is given. */
  readonly neverEmpty?: true
  /** undefined if the text is no such value. */
  parse(text: string): T | undefined
  /** What is wrong with a text that is no such value, if more can be said than the range. */
  fault?(text: string): string | undefined
  /** Joins two values of an option that may be given more than once on the command line. Absent: the last one counts. */
  join?(before: T, after: T): T
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never }

export type ParsedOptions<T extends OptionTable> =
  /** `words`: what stands between the options. `given`: the names of the options that were given. `skipped`: variables that Kubernetes has set. */
  | {
      readonly kind: 'options'
      readonly values: OptionValues<T>
      readonly words: readonly string[]
      readonly given: ReadonlySet<string>
      readonly skipped: readonly string[]
    }
  | NotParsed

/** An answer of a parser without values: the help is asked for, or something is wrong. */
export type NotParsed =
  | { readonly kind: 'help' }
  /** One line naming the option. */
  | { readonly kind: 'wrong'; readonly message: string }

type Environment = Readonly<Record<string, string | undefined>>

const ENVIRONMENT_PREFIX = 'LONGWIRE_'

/**
 * Reads a command's options. The command line goes before the environment, the environment before the defaults.
 * @param argv without the program and the command
 * @param environment absent: the command takes nothing from it
 * @param wordsMax the number of arguments that may belong to no option
 */
export function parseOptions<T extends OptionTable>(
  table: T,
  argv: readonly string[],
  environment: Environment = {},
  wordsMax = 0,
): ParsedOptions<T> {
  const inEnvironment = new Map<string, unknown>()
  const onLine = new Map<string, unknown>()
  const words: string[] = []
  const skipped = Object.entries(environment).flatMap(([name, value]) => (isOfService(name, value) ? [name] : []))
  const options = Object.fromEntries(Object.entries(environment).filter(([name]) => !skipped.includes(name)))
  const wrong =
    fromEnvironment(table, options, inEnvironment) ??
    fromCommandLine(table, argv, onLine, word => words.push(word) <= wordsMax)
  if (wrong === HELP) return { kind: 'help' }
  if (wrong !== undefined) return { kind: 'wrong', message: wrong }
  const given = new Map([...inEnvironment, ...onLine])
  const values = Object.entries(table).map(([name, option]) => [
    name,
    given.has(name) ? given.get(name) : option.default,
  ])
  return {
    kind: 'options',
    values: Object.freeze(Object.fromEntries(values)) as OptionValues<T>,
    words,
    given: new Set(given.keys()),
    skipped,
  }
}

/**
 * The variables that Kubernetes sets in every container for a Service named longwire, or longwire-http. Name and value must both
 * have that shape, so that a misspelt option is still refused. LONGWIRE_PORT is an option, too; no port looks like
 * tcp://10.0.0.1:80.
 */
const SERVICE_VARIABLES: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/^LONGWIRE_(\w+_)?SERVICE_HOST$/, /^[\da-f.:]+$/i],
  [/^LONGWIRE_(\w+_)?SERVICE_PORT(_\w+)?$/, /^\d+$/],
  [/^LONGWIRE_(\w+_)?PORT$/, /^(tcp|udp|sctp):\/\//],
  [/^LONGWIRE_(\w+_)?PORT_\d+_(TCP|UDP|SCTP)$/, /^(tcp|udp|sctp):\/\//],
  [/^LONGWIRE_(\w+_)?PORT_\d+_(TCP|UDP|SCTP)_ADDR$/, /^[\da-f.:]+$/i],
  [/^LONGWIRE_(\w+_)?PORT_\d+_(TCP|UDP|SCTP)_PORT$/, /^\d+$/],
  [/^LONGWIRE_(\w+_)?PORT_\d+_(TCP|UDP|SCTP)_PROTO$/, /^(tcp|udp|sctp)$/],
]

function isOfService(name: string, value = ''): boolean {
  return SERVICE_VARIABLES.some(([names, values]) => names.test(name) && values.test(value))
}

/** Columns of the help, in characters: the last one in which explanations may begin, and the one where lines end. */
const HELP_COLUMN_MAX = 28
const HELP_WIDTH = 118

/** The options as lines for `--help`. */
export function optionHelp(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, option]) => {
    const left = `  ${flagOf(name)}${option.value === '' ? '' : ` ${option.value}`}`
    const text = defaultText(option)
    const standard = option.value === '' || text === '' ? '' : ` (default ${text})`
    return { left, right: `${option.why}${standard}` }
  })
  const column = Math.min(HELP_COLUMN_MAX, Math.max(...rows.map(row => row.left.length)) + 2)
  return rows.flatMap(({ left, right }) => helpLines(left, right, column)).join('\n')
}

/** The default as one would write it. */
export function defaultText(option: Option<unknown>): string {
  return option.shown ?? String(option.default)
}

/** The lines of one row of the help. A left side that is too long for its column has a line of its own. */
function helpLines(left: string, right: string, column: number): string[] {
  const lines = left.length + 2 > column ? [left] : []
  let line = lines.length === 0 ? left.padEnd(column - 1) : ' '.repeat(column - 1)
  for (const word of right.split(' ')) {
    if (line.length + 1 + word.length > HELP_WIDTH) {
      lines.push(line)
      line = ' '.repeat(column - 1)
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

/** An integer of [min, max]. */
export function integer(standard: number, min: number, max: number, value: string, why: string): Option<number> {
  return {
    default: standard,
    value,
    range: `an integer of ${min} to ${max}`,
    why,
    parse(text) {
      const number = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN
      return number >= min && number <= max ? number : undefined
    },
  }
}

export const PORT_MAX = 65_535

/** The value of a port's option that says `none`. */
export const NO_PORT = -1

/** 0 takes any free port; none is NO_PORT. */
export function portOrNone(standard: number, why: string): Option<number> {
  const { range, parse, ...number } = integer(standard, 0, PORT_MAX, 'PORT', why)
  const shown = standard === NO_PORT ? { shown: 'none' } : {}
  return { ...number, ...shown, range: `${range}, or none`, parse: text => (text === 'none' ? NO_PORT : parse(text)) }
}

export function oneOf<const T extends string>(standard: T, values: readonly T[], why: string): Option<T> {
  return {
    default: standard,
    value: values.join('|'),
    range: values.join(' or '),
    why,
    parse: text => values.find(value => value === text),
  }
}

/** A text that may be left out; then it is empty. */
export function optionalText(value: string, range: string, form: RegExp, why: string): Option<string> {
  return { default: '', value, range, why, parse: given => (given === '' || form.test(given) ? given : undefined) }
}

/** Any text but an empty one. */
export function text(standard: string, value: string, why: string): Option<string> {
  return { default: standard, value, range: 'not empty', why, parse: given => (given === '' ? undefined : given) }
}

/**
 * Several values, separated by commas or given one by one.
 * @param parse undefined if the text is no such value
 */
export function list(
  value: string,
  range: string,
  why: string,
  parse: (text: string) => string | undefined,
): Option<readonly string[]> {
  return {
    default: [],
    value,
    range,
    why,
    parse(given) {
      const values = given === '' ? [] : given.split(',').map(each => parse(each.trim()))
      return values.every(each => each !== undefined) ? values : undefined
    },
    join: (before, after) => [...before, ...after],
  }
}

export function flag(why: string): Option<boolean> {
  return {
    default: false,
    value: '',
    range: 'true or false',
    why,
    parse: given => (given === 'true' || given === 'false' ? given === 'true' : undefined),
  }
}

const HELP = Symbol('help')

function fromCommandLine(
  table: OptionTable,
  argv: readonly string[],
  given: Map<string, unknown>,
  takeWord: (word: string) => boolean,
): string | typeof HELP | undefined {
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string
    if (argument === '--help' || argument === '-h') return HELP
    const [, flagged, inline] = /^--([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(argument) ?? []
    if (flagged === undefined) {
      if (!argument.startsWith('-') && takeWord(argument)) continue
      return `unexpected argument: ${argument}`
    }
    const name = flagged.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    const option = Object.hasOwn(table, name) && flagOf(name) === `--${flagged}` ? table[name] : undefined
    if (option === undefined) return `unknown option: --${flagged}`
    const value = inline ?? (option.value === '' ? 'true' : argv[++i])
    if (value === undefined) return `--${flagged} needs a value: ${option.range}`
    const wrong = take(name, option, value, `--${flagged}`, given)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function fromEnvironment(
  table: OptionTable,
  environment: Environment,
  given: Map<string, unknown>,
): string | undefined {
  const names = new Map(Object.keys(table).map(name => [environmentName(name), name]))
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || value === undefined) continue
    const name = names.get(variable)
    const option = name === undefined ? undefined : table[name]
    if (name === undefined || option === undefined) return `unknown option in the environment: ${variable}`
    const wrong = take(name, option, value, variable, given)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function take(
  name: string,
  option: Option<unknown>,
  value: string,
  shown: string,
  given: Map<string, unknown>,
): string | undefined {
  const parsed = value === '' && option.neverEmpty ? undefined : option.parse(value)
  if (parsed === undefined) {
    const fault = option.fault?.(value)
    return fault === undefined ? `${shown} must be ${option.range}, not ${JSON.stringify(value)}` : `${shown}: ${fault}`
  }
  given.set(name, given.has(name) && option.join !== undefined ? option.join(given.get(name), parsed) : parsed)
  return undefined
}

/** The name of an option of the table, as it is written on the command line. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

/** An environment without the options in it: for a child that is told all its options. */
export function withoutOptions(environment: Environment): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith(ENVIRONMENT_PREFIX)))
}

function environmentName(name: string): string {
  return ENVIRONMENT_PREFIX + name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()
}

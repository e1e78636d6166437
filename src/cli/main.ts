/** `longwire <command>`: finds the command and runs it. Commands are loaded when needed, because each has its own libraries. */

import { type Command, complain, EXIT, print } from './command.js'
import { version } from './version.js'

interface CommandEntry {
  readonly summary: string
  load(): Promise<Command>
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  serve: {
    summary: 'run a server',
    load: async () => (await import('./serve.js')).serve,
  },
  chat: {
    summary: 'talk in a terminal',
    load: async () => (await import('./chat.js')).chat,
  },
  cluster: {
    summary: 'run several nodes and Redis on this machine',
    load: async () => (await import('./cluster.js')).cluster,
  },
  backup: {
    summary: 'copy a store to a new folder, while it is served',
    load: async () => (await import('./backup.js')).backup,
  },
  restore: {
    summary: 'make a data folder of a backup',
    load: async () => (await import('./restore.js')).restore,
  },
  migrate: {
    summary: 'move a store between a data folder and Redis, while no server runs',
    load: async () => (await import('./migrate.js')).migrate,
  },
  verify: {
    summary: 'walk a store and say what is wrong with it',
    load: async () => (await import('./verify.js')).verify,
  },
  nodes: {
    summary: 'show the servers on a Redis, and say whether a person is needed',
    load: async () => (await import('./nodes.js')).nodes,
  },
  simulate: {
    summary: 'let a population of real clients send messages, and verify every delivery',
    load: async () => (await import('./simulate.js')).simulate,
  },
}

/** @returns the exit code */
export async function main(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    print(help())
    return name === undefined ? EXIT.USAGE : EXIT.OK
  }
  if (name === '--version' || name === '-v') {
    print(version())
    return EXIT.OK
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) {
    complain(`unknown ${name.startsWith('-') ? 'option' : 'command'}: ${name} (longwire --help lists them)`)
    return EXIT.USAGE
  }
  const command = await entry.load()
  return command.run(rest, environment)
}

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map(name => name.length)) + 2
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`)
  return [
    `longwire ${version()}, an instant-messaging server`,
    '',
    'longwire <command> [options]',
    '',
    ...lines,
    '',
    'longwire <command> --help   its options',
    'longwire --version',
  ].join('\n')
}

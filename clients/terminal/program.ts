/**
 * `longwire chat` from its start to its end: storage, client, screen and chat put together.
 *
 *   open storage ─► signed in? ──no──► ask for the password ─► session ─► chat ─► lines in, lines out ─► close
 *                       └───────────────────yes────────────────────────────┘  ▲            │
 *                                                                             └── session ended: ask again
 */

import { hostname } from 'node:os'
import { createInterface } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import { DEVICE_NAME_BYTES_MAX } from '../../protocol/limits.js'
import { pause } from '../../src/lib/clock.js'
import { shownAddress } from '../../src/ops/address.js'
import { transportTo } from '../../src/ops/dial.js'
import { type Client, createClient, FileStorage, systemClock } from '../typescript/index.js'
import { Chat } from './chat.js'
import { errorText } from './lines.js'
import type { Settings } from './options.js'
import { firstLine } from './password-fd.js'
import { PlainScreen } from './plain-screen.js'
import type { Ask } from './screen.js'
import { signIn } from './sign-in.js'
import { Terminal } from './terminal.js'

export interface ProgramStreams {
  readonly stdin: ReadStream
  readonly stdout: WriteStream
  readonly stderr: WriteStream
}

/** The time, after the input ends, that what was entered may take to be answered. */
const PATIENCE_MS = 10_000

const LAST_WORDS_MS = 300

/** The time between two looks for the first page. */
const LOOK_MS = 20

/** A person looks on: the library's minute between two tries would seem dead. */
const RECONNECT_CAP_MS = 15_000

export class Program {
  readonly #settings: Settings
  readonly #streams: ProgramStreams
  readonly #complain: (message: string) => void
  readonly #ended: Promise<number>
  #end: (code: number) => void = () => {}
  #isEnding = false
  /** The text that is shown after the terminal is back in its former state. */
  #lastWord = ''
  /** Whether there was no session at the start. */
  #isFresh = false
  /** The input said so: no more of it is read. */
  #hasQuit = false
  /** The terminal that a person types at: the whole screen, or (if the output goes elsewhere) only for questions. */
  #terminal: Terminal | undefined
  #lines: AsyncIterator<string> | undefined
  #client: Client | undefined
  #chat: Chat | undefined

  /** @param complain takes why it failed, in one line */
  constructor(settings: Settings, streams: ProgramStreams, complain: (message: string) => void) {
    this.#settings = settings
    this.#streams = streams
    this.#complain = complain
    this.#ended = new Promise(resolve => {
      this.#end = code => {
        this.#isEnding = true
        resolve(code)
      }
    })
  }

  /** Ends it in good order: the person wants to go, a signal came, or nobody reads the output. */
  readonly quit = (): void => {
    const { waiting = 0, failures = 0 } = this.#chat ?? {}
    if (waiting > 0)
      this.#lastWord = `${waiting} of what was entered waits for the server: it goes out at the next start`
    this.#end(waiting > 0 || failures > 0 ? 1 : 0)
  }

  /** @returns 0, or 1 if something that was asked for was not done */
  async run(): Promise<number> {
    const { stdin, stdout, stderr } = this.#streams
    const isScreen = stdin.isTTY && stdout.isTTY
    if (stdin.isTTY) this.#terminal = this.#makeTerminal(isScreen ? stdout : stderr)
    // At once: what is typed from here on is echoed by nobody.
    this.#terminal?.begin()
    try {
      const enter = (ask?: Ask): Promise<boolean> => this.#enter(isScreen, ask)
      const entered = await (this.#terminal === undefined ? enter() : this.#terminal.dialogue(enter))
      if (!entered && !this.#isEnding) return 1
      if (entered) await this.#begin()
      return await this.#ended
    } catch (error) {
      this.#terminal?.end()
      this.#complain(errorText(error))
      return 1
    } finally {
      this.#chat?.close()
      await this.#client?.close()
      this.#terminal?.end()
      if (this.#lastWord !== '') this.#complain(this.#lastWord)
      void this.#lines?.return?.()
      // Whoever writes to it may go on: nothing waits for that.
      stdin.destroy()
    }
  }

  /** @returns whether there is a session */
  async #enter(isScreen: boolean, ask: Ask | undefined): Promise<boolean> {
    const { account, register, storage } = this.#settings
    const password = await this.#givenPassword()
    const client = await this.#makeClient()
    this.#client = client
    const chat = new Chat({
      client,
      screen: isScreen && this.#terminal !== undefined ? this.#terminal : new PlainScreen(this.#write),
      clock: systemClock,
      dialogue: this.#terminal?.dialogue,
      quit: () => {
        // What came before it in a script is to be answered first.
        if (this.#lines === undefined) this.quit()
        else this.#hasQuit = true
      },
      signedOut: why => void this.#again(client, chat, why),
    })
    this.#chat = chat
    client.on('storageFailed', ({ error }) => {
      chat.say('wrong', `the storage failed: ${error.message}`)
      this.#end(1)
    })
    client.on('connection', status => {
      // Where a person looks on it has been said, and what is here can still be read.
      if (status.state === 'stopped' && status.reason !== 'CLOSED' && this.#terminal === undefined) this.#end(1)
    })
    if (client.account.signedIn) return true
    this.#isFresh = true
    const say = chat.say.bind(chat)
    const server = shownAddress(this.#settings.server)
    const signingIn = signIn({ client, account, server, storage, register: register || undefined, password, ask, say })
    return Promise.race([signingIn, this.#ended.then(() => false)])
  }

  async #begin(): Promise<void> {
    const chat = this.#chat
    this.#client?.connect()
    const open = async (): Promise<void> => {
      // Who has just logged in begins with what there is, not with an empty device.
      if (this.#isFresh) await this.#caughtUp()
      await chat?.open(this.#settings.contact)
    }
    // Commands wait until then: the chat tells of all that follows from them.
    await (this.#terminal === undefined ? open() : this.#terminal.hold(open))
    if (chat !== undefined) void this.#read(chat)
  }

  /** Resolves when what the server has for this device has come, or after PATIENCE_MS. */
  async #caughtUp(): Promise<void> {
    const deadlineMs = systemClock.monotonic() + PATIENCE_MS
    while (!this.#isEnding && systemClock.monotonic() < deadlineMs) {
      const { applied = 0, durable = 0, pulling = true } = this.#client?.state() ?? {}
      // The own profile is in every timeline.
      if (applied > 0 && durable === applied && !pulling) return
      await pause(systemClock, LOOK_MS)
    }
  }

  /** The session ended while one was talking. */
  async #again(client: Client, chat: Chat, why: string): Promise<void> {
    const { account, storage } = this.#settings
    const server = shownAddress(this.#settings.server)
    chat.say('wrong', `signed out by the server: ${why}`)
    const enter = (ask: Ask): Promise<boolean> =>
      signIn({ client, account, server, storage, register: false, password: undefined, ask, say: chat.say.bind(chat) })
    const signedIn = this.#terminal !== undefined && (await this.#terminal.dialogue(enter))
    if (!signedIn) this.#end(1)
  }

  /** Lines of a pipe go to the chat one after the other; a terminal's come by themselves. */
  async #read(chat: Chat): Promise<void> {
    if (this.#terminal !== undefined && this.#lines === undefined) {
      if (this.#streams.stdout.isTTY) return
      this.#terminal.end()
    }
    this.#lines ??= this.#inputLines()
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done === true || this.#isEnding) break
      await chat.enter(value)
      if (this.#hasQuit) break
    }
    if (this.#isEnding) return
    await chat.settled(PATIENCE_MS)
    // What changed because of the last answer comes right behind it.
    if (chat.waiting === 0) await pause(systemClock, LAST_WORDS_MS)
    this.quit()
  }

  #makeTerminal(output: WriteStream): Terminal {
    return new Terminal(this.#streams.stdin, output, {
      line: text => void this.#chat?.enter(text),
      typed: text => this.#chat?.typed(text),
      end: this.quit,
    })
  }

  #makeClient(): Promise<Client> {
    const { server, httpPort, transports, storage } = this.#settings
    return createClient({
      transport: transports.map(name => transportTo(name, server, httpPort)),
      storage: new FileStorage(storage),
      clientName: 'longwire chat',
      deviceName: deviceName(),
      reconnectCapMs: RECONNECT_CAP_MS,
      // A person can go when he has waited enough; a script cannot.
      ...(this.#terminal === undefined ? { signInTimeoutMs: PATIENCE_MS } : {}),
    })
  }

  async #givenPassword(): Promise<string | undefined> {
    const { passwordFd } = this.#settings
    if (passwordFd < 0) return undefined
    if (passwordFd > 0) return firstLine(passwordFd)
    if (this.#terminal !== undefined)
      throw new Error('--password-fd 0 is the terminal: leave the option out, and you will be asked')
    this.#lines = this.#inputLines()
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('--password-fd 0: the input has no first line')
    return value
  }

  #inputLines(): AsyncIterator<string> {
    return createInterface({ input: this.#streams.stdin, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  }

  readonly #write = (text: string): void => {
    this.#streams.stdout.write(text)
  }
}

/** The name of this device in the list of the account's devices. */
function deviceName(): string {
  const name = `chat on ${hostname()}`
  return Buffer.byteLength(name) <= DEVICE_NAME_BYTES_MAX ? name : 'chat'
}

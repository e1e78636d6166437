// Reads JSON as a stream of what the caller asks for, strictly (RFC 8259). JSON.parse rounds numbers, keeps the last of two equal
// keys, nests as deep as the text, and builds all that nobody asked for. This reader keeps nothing that it skips.
import { CODES } from './codes.js'
import { INTEGER_MAX, JSON_DEPTH_MAX } from './limits.js'
import { DecodeError } from './wire-reader.js'

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const NUMBER_PARTS = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/
const HEX4 = /^[0-9a-fA-F]{4}$/

/** Decimal digits of 2^53 - 1. */
const INTEGER_DIGITS = 16

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

const LITERALS: Readonly<Record<string, readonly [text: string, kind: JsonKind]>> = {
  t: ['true', 'boolean'],
  f: ['false', 'boolean'],
  n: ['null', 'null'],
}

/** Reads one text. Every method throws a DecodeError with BAD_BODY for what is not JSON. */
export class JsonReader {
  readonly #text: string
  #at = 0
  #depth = 0
  /** The place in the message: field names and indexes, for whoever reads the refusal. */
  readonly #path: (string | number)[] = []

  constructor(text: string) {
    this.#text = text
  }

  /** The next character. */
  kind(): JsonKind {
    this.#skipSpace()
    const char = this.#text[this.#at]
    if (char === '{') return 'object'
    if (char === '[') return 'array'
    if (char === '"') return 'string'
    if (char === '-' || (char !== undefined && char >= '0' && char <= '9')) return 'number'
    const literal = char === undefined ? undefined : LITERALS[char]
    if (literal === undefined) throw this.#notJson('a value')
    return literal[1]
  }

  /**
   * The key of each member of the object that stands next. For each the caller reads, or skips, exactly one value before
   * it asks for the next key.
   */
  *members(): Generator<string> {
    this.#open()
    for (let first = true; !this.#closes('}', first); first = false) {
      this.#skipSpace()
      if (this.#text[this.#at] !== '"') throw this.#notJson('a key')
      const key = this.string()
      this.#skipSpace()
      this.#take(':', '":"')
      yield key
    }
  }

  /** The place of each element of the array that stands next, with the same duty. */
  *elements(): Generator<number> {
    this.#open()
    for (let place = 0; !this.#closes(']', place === 0); place++) yield place
  }

  /** The string that stands next. It may hold halves of surrogate pairs: `"\ud800"` is JSON. */
  string(): string {
    const text = this.#text
    let start = ++this.#at
    let value = ''
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (code === 0x22) {
        value += text.slice(start, this.#at++)
        return value
      }
      // NaN at the end of the text.
      if (!(code >= 0x20)) throw this.#notJson('a string')
      if (code === 0x5c) {
        value += text.slice(start, this.#at)
        value += this.#escape()
        start = this.#at
      } else this.#at++
    }
  }

  /** The number that stands next, as it is written. */
  number(): string {
    NUMBER.lastIndex = this.#at
    const [found] = NUMBER.exec(this.#text) ?? []
    if (found === undefined) throw this.#notJson('a number')
    this.#at += found.length
    return found
  }

  boolean(): boolean {
    return this.#literal() === 'true'
  }

  null(): void {
    this.#literal()
  }

  /** Reads over a value of any kind. */
  skip(): void {
    switch (this.kind()) {
      case 'object':
        for (const _ of this.members()) this.skip()
        return
      case 'array':
        for (const _ of this.elements()) this.skip()
        return
      case 'string':
        this.string()
        return
      case 'number':
        this.number()
        return
      default:
        this.#literal()
    }
  }

  /** Throws unless only space follows. */
  end(): void {
    this.#skipSpace()
    if (this.#at < this.#text.length) throw this.#notJson('the end')
  }

  enter(step: string | number): void {
    this.#path.push(step)
  }

  leave(): void {
    this.#path.pop()
  }

  /** A refusal that names where it happened: `sends[3].sendSeq: …`. */
  refusal(message: string, code: number = CODES.BAD_BODY.code): DecodeError {
    const path = this.#path.map((step, place) => {
      if (typeof step === 'number') return `[${step}]`
      return place === 0 ? step : `.${step}`
    })
    return new DecodeError(code, path.length === 0 ? message : `${path.join('')}: ${message}`)
  }

  #open(): void {
    if (++this.#depth > JSON_DEPTH_MAX) throw this.refusal(`it nests deeper than ${JSON_DEPTH_MAX}`)
    this.#at++
  }

  /** Takes the end of an object or array, or the comma before its next part. */
  #closes(end: string, first: boolean): boolean {
    this.#skipSpace()
    if (this.#text[this.#at] === end) {
      this.#at++
      this.#depth--
      return true
    }
    if (!first) this.#take(',', `"," or "${end}"`)
    return false
  }

  #take(char: string, what: string): void {
    if (this.#text[this.#at] !== char) throw this.#notJson(what)
    this.#at++
  }

  #escape(): string {
    const char = this.#text[this.#at + 1] ?? ''
    if (char === 'u') {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6)
      if (!HEX4.test(hex)) throw this.#notJson('an escape')
      this.#at += 6
      return String.fromCharCode(Number.parseInt(hex, 16))
    }
    const value = ESCAPES[char]
    if (value === undefined) throw this.#notJson('an escape')
    this.#at += 2
    return value
  }

  #literal(): string {
    const [text] = LITERALS[this.#text[this.#at] ?? ''] ?? ['']
    if (text === '' || !this.#text.startsWith(text, this.#at)) throw this.#notJson('true, false or null')
    this.#at += text.length
    return text
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #notJson(expected: string): DecodeError {
    return this.refusal(`not JSON at character ${this.#at}, where ${expected} should stand`)
  }
}

/**
 * The integer that a decimal text of JSON's form is, exactly: `1.50e2` is 150. NaN if it is none or has another form; one
 * beyond 2^53 - 1 is infinite.
 */
export function integerOf(text: string): number {
  const parts = NUMBER_PARTS.exec(text)
  if (parts === null) return Number.NaN
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts
  const digits = whole + fraction
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end--
  let start = 0
  while (start < end && digits[start] === '0') start++
  if (start === end) return 0
  const zeros = Number(exponent) - fraction.length + (digits.length - end)
  if (zeros < 0) return Number.NaN
  const tooLong = end - start + zeros > INTEGER_DIGITS
  const value = tooLong ? Number.POSITIVE_INFINITY : Number(digits.slice(start, end) + '0'.repeat(zeros))
  // Rounding never falls below 2^53, so nothing above the bound comes out as the bound.
  const bounded = value > INTEGER_MAX ? Number.POSITIVE_INFINITY : value
  return sign === '-' ? -bounded : bounded
}

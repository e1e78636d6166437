// The texts of the page as they are said: in a language, with what is put in for their names.
import { WORDS } from './word-table.js'

export type Language = 'en' | 'zh'

export type WordKey = keyof typeof WORDS

/** The names that stand in braces in the English text; the Chinese one has the same (a test sees to it). */
type NamesIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never

type Names<K extends WordKey> = NamesIn<(typeof WORDS)[K][0]>

type Value = string | number | Said

/** The keys of texts that stand as they are. */
export type PlainKey = { [K in WordKey]: [Names<K>] extends [never] ? K : never }[WordKey]

/** What a text needs: nothing, or a value for each of its names. */
type Values<K extends WordKey> = [Names<K>] extends [never] ? [] : [values: Readonly<Record<Names<K>, Value>>]

/** A text that is chosen, and not yet in a language. */
export interface Said {
  readonly key: WordKey
  readonly values: Readonly<Record<string, Value>>
}

export function said<K extends WordKey>(key: K, ...given: Values<K>): Said {
  const [values = {}] = given as readonly [values?: Said['values']]
  return { key, values }
}

/** Says a text in a language. */
export class Speech {
  readonly language: Language
  /** The tag for lang= and for dates. */
  readonly tag: 'en' | 'zh-CN'

  constructor(language: Language) {
    this.language = language
    this.tag = language === 'zh' ? 'zh-CN' : 'en'
  }

  say<K extends WordKey>(key: K, ...values: Values<K>): string {
    return this.text(said(key, ...values))
  }

  text({ key, values }: Said): string {
    return this.#template(key, values).replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name] ?? ''
      return typeof value === 'object' ? this.text(value) : String(value)
    })
  }

  /** The text in parts: plain ones, and the names that something is to be put in for. */
  parts(key: WordKey): readonly (string | { readonly name: string })[] {
    const pieces = this.#template(key, {}).split(/\{(\w+)\}/)
    return pieces.map((piece, i) => (i % 2 === 0 ? piece : { name: piece }))
  }

  #template(key: WordKey, values: Readonly<Record<string, Value>>): string {
    const [en, zh] = WORDS[key]
    if (this.language === 'zh') return zh
    const [one = en, many = one] = en.split('|')
    return values.n === 1 ? one : many
  }
}

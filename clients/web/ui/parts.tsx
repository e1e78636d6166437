// Small parts that stand everywhere: icons, pictures of people and groups, buttons, fields.
import { type ComponentChildren, cloneElement, type Ref, type RefObject, type VNode } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { firstSign } from '../model/text-parts.js'
import { useSpeech } from './hooks.js'

export type IconName =
  | 'again'
  | 'alert'
  | 'archive'
  | 'at'
  | 'back'
  | 'bell'
  | 'bin'
  | 'board'
  | 'chat'
  | 'check'
  | 'close'
  | 'copy'
  | 'cut'
  | 'device'
  | 'down'
  | 'edit'
  | 'eye'
  | 'forward'
  | 'gear'
  | 'globe'
  | 'link'
  | 'lock'
  | 'logo'
  | 'more'
  | 'mute'
  | 'next'
  | 'out'
  | 'panel'
  | 'people'
  | 'person'
  | 'person-add'
  | 'pin'
  | 'place'
  | 'plus'
  | 'recall'
  | 'reply'
  | 'search'
  | 'send'
  | 'smile'
  | 'tabs'
  | 'write'

/** A drawing beside a text that says the same; with a label it speaks for itself. */
export function Icon({ name, size = '', label }: { name: IconName; size?: 's' | 'l' | ''; label?: string }) {
  const kind = size === '' ? 'i' : `i i-${size}`
  const said = label === undefined ? { 'aria-hidden': true as const } : { role: 'img' as const, 'aria-label': label }
  return (
    <svg class={kind} {...said}>
      <use href={`#i-${name}`} />
    </svg>
  )
}

interface IconButtonProps {
  readonly icon: IconName
  readonly label: string
  readonly onClick?: (event: MouseEvent) => void
  readonly class?: string
  readonly pressed?: boolean
  readonly expanded?: boolean
  readonly disabled?: boolean
  readonly buttonRef?: Ref<HTMLButtonElement>
}

export function IconButton({ icon, label, onClick, pressed, expanded, disabled, buttonRef, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      ref={buttonRef ?? null}
      class={`ib ${rest.class ?? ''}`}
      aria-label={label}
      title={label}
      disabled={disabled ?? false}
      {...(pressed !== undefined && { 'aria-pressed': pressed })}
      {...(expanded !== undefined && { 'aria-expanded': expanded, 'aria-haspopup': 'menu' as const })}
      {...(onClick !== undefined && { onClick })}
    >
      <Icon name={icon} />
    </button>
  )
}

/** Gives an element the focus when it appears, if it is to have it. */
export function useFirst<T extends HTMLElement>(isFirst = false): RefObject<T | null> {
  const element = useRef<T>(null)
  useEffect(() => {
    if (isFirst) element.current?.focus()
  }, [])
  return element
}

interface ButtonProps {
  readonly kind: 'primary' | 'plain' | 'quiet' | 'danger' | 'danger-quiet'
  readonly children: ComponentChildren
  readonly small?: boolean
  readonly wide?: boolean
  readonly submits?: boolean
  readonly disabled?: boolean
  /** It has the focus when it appears. */
  readonly isFirst?: boolean
  readonly onClick?: () => void
}

export function Button({ kind, children, small, wide, submits, disabled, isFirst, onClick }: ButtonProps) {
  const first = useFirst<HTMLButtonElement>(isFirst)
  return (
    <button
      type={submits ? 'submit' : 'button'}
      class={`btn btn-${kind}${small ? ' btn-s' : ''}${wide ? ' btn-wide' : ''}`}
      disabled={disabled ?? false}
      ref={first}
      {...(onClick !== undefined && { onClick })}
    >
      {children}
    </button>
  )
}

/** Opens the menu of what stands beside it. */
export function MoreButton({ label, menu }: { label: string; menu: (anchor: Element) => void }) {
  return (
    <IconButton icon="more" label={label} expanded={false} onClick={event => menu(event.currentTarget as Element)} />
  )
}

/** The end of a form within a pane: it saves, or leaves things as they were. */
export function SaveOrCancel({ onCancel }: { onCancel: () => void }) {
  const speech = useSpeech()
  return (
    <div class="end">
      <Button kind="plain" small onClick={onCancel}>
        {speech.say('cancel')}
      </Button>
      <Button kind="primary" small submits>
        {speech.say('save')}
      </Button>
    </div>
  )
}

/** The colour of a person or group: one of eight, by its id. */
export function hueOf(id: number | string): number {
  // Fibonacci hashing: numbers that follow each other, or differ by a power of two, get different colours.
  if (typeof id === 'number') return (Math.imul(id, 0x9e37_79b1) >>> 29) + 1
  let sum = 0
  for (let i = 0; i < id.length; i++) sum = (sum * 31 + id.charCodeAt(i)) % 65_521
  return (sum % 8) + 1
}

interface AvatarProps {
  readonly id: number | string
  readonly name: string
  readonly group?: boolean
  readonly size?: 's' | 'm' | 'xl'
  readonly online?: boolean
}

/** The picture of a person or group: the first sign of the name. */
export function Avatar({ id, name, group, size, online }: AvatarProps) {
  return (
    <span
      class={`av h${hueOf(id)}${group ? ' group' : ''}${size ? ` av-${size}` : ''}${online ? ' on' : ''}`}
      aria-hidden="true"
    >
      {firstSign(name)}
    </span>
  )
}

/** The picture of a board. */
export function BoardDisc({ size }: { size?: 'm' | 'xl' }) {
  return (
    <span class={size === undefined ? 'av board' : `av board av-${size}`} aria-hidden="true">
      <Icon name="board" />
    </span>
  )
}

/** What a browser is told of a field. */
interface InputTraits {
  readonly autocomplete?: string
  readonly maxLength?: number
  /** It is a name that no keyboard should correct. */
  readonly exact?: boolean
}

interface FieldProps {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  /** What stands below it: a hint, or what is wrong. The line is there in any case. */
  readonly hint?: string
  readonly fault?: string | undefined
  /** It has the focus when it appears. */
  readonly isFirst?: boolean
  readonly input?: InputTraits
}

export function Field({ label, value, onInput, hint = '', fault, isFirst, input = {} }: FieldProps) {
  const first = useFirst<HTMLInputElement>(isFirst)
  const id = useId()
  const { autocomplete = 'off', maxLength = 1_000, exact = false } = input
  return (
    <div class={fault === undefined ? 'field' : 'field bad'}>
      <label for={id}>{label}</label>
      <input
        id={id}
        value={value}
        onInput={event => onInput(event.currentTarget.value)}
        aria-invalid={fault !== undefined}
        aria-describedby={`${id}-hint`}
        ref={first}
        autocomplete={autocomplete}
        autocapitalize={exact ? 'none' : 'sentences'}
        spellcheck={!exact}
        maxLength={maxLength}
        dir="auto"
      />
      <Hint id={`${id}-hint`} hint={hint} fault={fault} />
    </div>
  )
}

function Hint({ id, hint, fault }: { id: string; hint: string; fault: string | undefined }) {
  return (
    <div class="hint" id={id} aria-live="polite">
      {fault !== undefined && <Icon name="alert" size="s" />}
      <span>{fault ?? hint}</span>
    </div>
  )
}

/** A field for a password, which can be shown. */
export function PasswordField({
  autocomplete,
  ...field
}: Omit<FieldProps, 'input' | 'isFirst'> & { autocomplete: string }) {
  const speech = useSpeech()
  const id = useId()
  const [shown, setShown] = useState(false)
  const { label, value, onInput, hint = '', fault } = field
  return (
    <div class={fault === undefined ? 'field' : 'field bad'}>
      <label for={id}>{label}</label>
      <div class="pw">
        <input
          id={id}
          // The types have other roles for each of the two.
          type={(shown ? 'text' : 'password') as 'password'}
          value={value}
          autocomplete={autocomplete}
          onInput={event => onInput(event.currentTarget.value)}
          aria-invalid={fault !== undefined}
          aria-describedby={`${id}-hint`}
        />
        <IconButton
          icon="eye"
          label={speech.say(shown ? 'hidePassword' : 'showPassword')}
          pressed={shown}
          onClick={() => setShown(!shown)}
        />
      </div>
      <Hint id={`${id}-hint`} hint={hint} fault={fault} />
    </div>
  )
}

export function Switch({ label, on, onChange }: { label: string; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <button
      type="button"
      class="switch"
      role="switch"
      aria-checked={on}
      aria-label={label}
      onClick={() => onChange(!on)}
    />
  )
}

interface SegmentsProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly choices: readonly (readonly [value: T, text: string])[]
  readonly onChange: (value: T) => void
}

/** One of a few choices, all of them in sight. Arrows go from one to the next. */
export function Segments<T extends string>({ label, value, choices, onChange }: SegmentsProps<T>) {
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const step = STEPS[event.key]
    if (step === undefined) return
    event.preventDefault()
    const index = choices.findIndex(([each]) => each === value)
    const next = (index + step + choices.length) % choices.length
    const choice = choices[next]
    if (choice !== undefined) onChange(choice[0])
    const { children } = event.currentTarget
    ;(children[next] as HTMLElement | undefined)?.focus()
  }
  return (
    <span class="seg" role="radiogroup" aria-label={label} onKeyDown={onKeyDown}>
      {choices.map(([each, text]) => (
        <button
          key={each}
          type="button"
          role="radio"
          aria-checked={each === value}
          tabIndex={each === value ? 0 : -1}
          onClick={() => onChange(each)}
        >
          {text}
        </button>
      ))}
    </span>
  )
}

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }

interface BlankProps {
  readonly icon: IconName
  readonly title: string
  readonly text?: string
  readonly children?: ComponentChildren
}

/** What stands where there is nothing: what that means, and one thing to do. */
export function Blank({ icon, title, text, children }: BlankProps) {
  return (
    <div class="blank">
      <Icon name={icon} size="l" />
      <h2>{title}</h2>
      {text !== undefined && <p>{text}</p>}
      {children}
    </div>
  )
}

/** A text with something put in for its names. */
export function Rich({
  parts,
  children,
}: {
  parts: readonly (string | { readonly name: string })[]
  children: Readonly<Record<string, VNode>>
}) {
  return (
    <>
      {parts.map((part, i) => {
        if (typeof part === 'string') return part
        const node = children[part.name]
        return node && cloneElement(node, { key: i })
      })}
    </>
  )
}

/** A person's or group's name: apart from what stands around it, whatever its script. */
export function Name({ children }: { children: string }) {
  return <bdi>{children}</bdi>
}

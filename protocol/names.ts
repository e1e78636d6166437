/** Names of accounts, and those that people see: of users and devices (PROTOCOL.md, 8.6). Both sides judge by this. */

/** Controls, what turns the direction of writing, line breaks, and what takes no space: nobody sees that it is there. */
const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u2800]|(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cf}\p{Default_Ignorable_Code_Point}]|(?<!\p{Extended_Pictographic})(?:\ufe0e|\ufe0f)(?!\u20e3)/u
/** Joiners shape what stands on both sides of them (emoji, Persian): at an end, beside a blank or doubled they are unseen. */
const LOOSE_JOINER = /^[\u200c\u200d]|[\u200c\u200d](?:[\s\u200c\u200d]|$)|\s[\u200c\u200d]/u
/** A letter, digit, sign or symbol. */
const SEEN = /[\p{L}\p{N}\p{P}\p{S}]/u

/** The form of account names, in small letters (PROTOCOL.md, 8.1). */
const ACCOUNT_FORM = /^[a-z][a-z0-9_.-]{2,31}$/

/** Whether an account can have this name. Capitals are other letters here: whoever takes them makes them small before. */
export function isAccountName(name: string): boolean {
  return ACCOUNT_FORM.test(name)
}

/** Whether the name shows something, and nothing but what it shows. One pass over the text for each rule. */
export function isShowable(name: string): boolean {
  return SEEN.test(name) && !UNSEEN.test(name) && !LOOSE_JOINER.test(name)
}

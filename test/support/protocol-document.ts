// Reads protocol/PROTOCOL.md for the tests that hold its tables against the code.
import { readFileSync } from 'node:fs'

const text = readFileSync(new URL('../../../protocol/PROTOCOL.md', import.meta.url), 'utf8')

/** The text of a clause, from its heading on: `## 9. Codes` is clause '9'. */
export function clause(number: string): string {
  const found = text.split(/^(?=## )/m).find(part => part.startsWith(`## ${number}. `))
  if (found === undefined) throw new Error(`PROTOCOL.md has no clause ${number}`)
  return found
}

/** The rows of the table whose header begins with these cells; cells without backquotes. */
export function table(within: string, ...header: string[]): string[][] {
  const rows = within.split('\n').map(line => (line.startsWith('|') ? cellsOf(line) : undefined))
  const start = rows.findIndex(row => row !== undefined && header.every((cell, index) => row[index] === cell))
  if (start < 0) throw new Error(`there is no table ${header.join(' | ')}`)
  const found: string[][] = []
  for (const row of rows.slice(start + 2)) {
    if (row === undefined) break
    found.push(row)
  }
  return found
}

/** A number as the document writes it, with spaces between thousands. */
export function numberOf(cell: string): number {
  return Number(cell.replaceAll(' ', ''))
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map(cell => cell.trim().replaceAll('`', ''))
}

/** The target of a request (RFC 9112, 3.2): mostly a path, and from some programs, as for a proxy, a whole URL. */

const SCHEMES = ['http://', 'https://']

/** The path: from the first slash on, without the query. */
export function pathOf(target: string): string {
  const start = target.startsWith('/') ? 0 : authorityEnd(target)
  const query = target.indexOf('?', start)
  const path = target.slice(start, query < 0 ? undefined : query)
  return path === '' ? '/' : path
}

/** Host and port that a whole URL names; undefined for a path. */
export function authorityOf(target: string): string | undefined {
  if (target.startsWith('/')) return undefined // mostly
  const end = authorityEnd(target)
  return end === 0 ? undefined : target.slice(target.indexOf('//') + 2, end)
}

/** The index at which the authority of a whole URL ends; 0 if the target is none. */
function authorityEnd(target: string): number {
  const scheme = SCHEMES.find(each => target.slice(0, each.length).toLowerCase() === each)
  if (scheme === undefined) return 0
  const slash = target.indexOf('/', scheme.length)
  const query = target.indexOf('?', scheme.length)
  if (slash < 0 || (query >= 0 && query < slash)) return query < 0 ? target.length : query
  return slash
}

// The URL of another node for a transport, by the rule of PROTOCOL.md, 14.3: never less secure than the app's own.

const SECURE = /^(https|wss):$/

/**
 * @param own the URL that the app named @param named the endpoint's: http or https
 * @returns undefined: the endpoint has none, or only one without TLS, and the app's has it
 */
export function urlAt(own: string, named: string): string | undefined {
  if (named === '') return undefined
  const isSecure = SECURE.test(new URL(named).protocol)
  return SECURE.test(new URL(own).protocol) && !isSecure ? undefined : named
}

/** The URL of WebSocket at a server's URL. */
export function webSocketUrl(url: string): string {
  return `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws`
}

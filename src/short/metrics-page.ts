/**
 * Serves /metrics. Anybody may reach the short side, so it shows the page to this machine only: to a loopback peer that asks for
 * localhost and speaks for nobody else. A proxy on this machine is such a peer too, for all of its clients. Proxies identify these by a
 * header, by a PROXY header, or by the name that they were asked for. For a proxy that does none of these there is a separate port
 * (--metrics-port).
 */

import { isLoopback } from '../ops/config.js'
import { type Page, type Reply, type ShortRequest, textAnswer } from './types.js'

export const METRICS_PATH = '/metrics'

/** The source of the page's text. */
export interface MetricsText {
  readonly contentType: string
  text(): Promise<string>
}

/** The headers by which a proxy says on whose behalf it asks. */
const FORWARDING_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

/** The page for everybody who can reach the listener. */
export function metricsPage(page: MetricsText): Page {
  return (_request, reply) => give(page, reply)
}

/** The page for this machine alone. */
export function localMetricsPage(page: MetricsText): Page {
  return (request, reply) => {
    if (isLocal(request)) give(page, reply)
    else reply(textAnswer(403, 'metrics are shown to the machine itself; see --metrics-port'))
  }
}

function give(page: MetricsText, reply: Reply): void {
  void page.text().then(text => reply(textAnswer(200, text, { 'Content-Type': page.contentType })))
}

function isLocal({ address, proxied, authority, headers }: ShortRequest): boolean {
  return (
    isLoopback(address) &&
    proxied !== true &&
    isLoopback(nameOf(headers.host ?? '')) &&
    (authority === undefined || isLoopback(nameOf(authority))) &&
    FORWARDING_HEADERS.every(name => headers[name] === undefined)
  )
}

/** The host in a Host header or a target, without its port: a name, or an IPv6 address in brackets. '' if it is neither. */
function nameOf(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':')
  const name = end < 0 ? host : host.slice(0, end)
  const port = host.slice(name.length)
  if (port !== '' && !/^:\d{1,5}$/.test(port)) return ''
  return host.startsWith('[') ? name.slice(1, -1) : name
}
